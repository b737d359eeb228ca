"""What a dossier says, checked against itself: manifest and items, message, custody, journal, receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from shared.dossier.chains import Chains, anchored, check_extract
from shared.dossier.exact import NotExact, read_object, sha256, text_of
from shared.dossier.findings import Broken, Finding, Report, fails, holds
from shared.dossier.keys import Trust
from shared.dossier.limits import Limits
from shared.dossier.sources import Source, read
from shared.dossier.statements import check_receipt
from shared.dossier.structure import Structure

MANIFEST, MESSAGE, CUSTODY = "data/manifest.json", "data/message.json", "data/custody.json"
JOURNAL, EVIDENCE, RECEIPTS = "data/journal.ndjson", "data/evidence/", "data/receipts/"


class Contents:
    """The contents of one bag; `check` adds what was found to the report."""

    def __init__(self, source: Source, found: Structure, report: Report, limits: Limits) -> None:
        self._source, self._report, self._limits = source, report, limits
        self._hashes = found.payload.get("manifest-sha256.txt", {})
        self.subject = found.info.get("External-Identifier", "")

    def check(self, trust: Trust, checkpoints: Sequence[Mapping[str, Any]]) -> None:
        """Check every part that is there."""
        message = self._object(MESSAGE, "message_unreadable")
        self._check_message(message)
        self._check_manifest(message)
        self._check_custody()
        self._check_receipts(trust)
        self._check_journal(checkpoints)

    def _read(self, path: str) -> bytes | None:
        if path not in self._source.sizes:
            return None
        try:
            return read(self._source, path, self._limits)
        except Broken as broken:
            self._report.add(broken.finding)
            return None

    def _object(self, path: str, code: str) -> dict[str, Any]:
        content = self._read(path)
        try:
            return read_object(content) if content is not None else {}
        except NotExact as broken:
            self._report.add(fails(code, path, why=broken))
            return {}

    def _check_subject(self, path: str, subject: str) -> None:
        if subject != self.subject:
            self._report.add(fails("subject_differs", path, found=subject, expected=self.subject))

    def _check_message(self, message: Mapping[str, Any]) -> None:
        if not message:
            return
        try:
            id_, type_, subject = text_of(dict(message), "id", "type", "subject")
        except NotExact as broken:
            self._report.add(fails("message_unreadable", MESSAGE, why=broken))
            return
        self._report.facts |= {"message": id_, "type": type_}
        self._check_subject(MESSAGE, subject)

    def _check_manifest(self, message: Mapping[str, Any]) -> None:
        content = self._read(MANIFEST)
        data = message.get("data")
        bound = str(data.get("manifest_digest") or "") if isinstance(data, dict) else ""
        if content is None:
            if bound:
                self._report.add(fails("file_missing", MANIFEST))
            return
        digest = sha256(content)
        self._report.facts["manifest"] = digest
        if bound and bound != digest:
            self._report.add(fails("message_differs", MESSAGE))
        sent = data.get("sent_before", []) if isinstance(data, dict) else []
        try:
            said = read_object(content)
            items = self._items(said)
        except NotExact as broken:
            self._report.add(fails("manifest_unreadable", MANIFEST, why=broken))
            return
        self._check_subject(MANIFEST, str(said.get("subject")))
        found = self._compare(items, {str(one) for one in sent} if isinstance(sent, list) else set())
        self._report.extend(found or [holds("manifest_holds", MANIFEST, digest=digest, count=len(items))])

    @staticmethod
    def _items(said: Mapping[str, Any]) -> dict[str, tuple[str, int]]:
        """Return item -> SHA-256 and size of a manifest."""
        found = {}
        listed = said.get("items")
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            raise NotExact("items is a list of objects")
        for one in listed:
            item, digest = text_of(one, "item", "sha256")
            found[item] = (digest, one.get("size", -1))
        return found

    def _compare(self, items: Mapping[str, tuple[str, int]], sent_before: set[str]) -> list[Finding]:
        """Compare the manifest's items with `data/evidence/<item>/<name>`."""
        inside = {path.split("/")[2]: path for path in self._source.sizes if path.startswith(EVIDENCE)}
        found = []
        for item, (digest, size) in items.items():
            path = inside.pop(item, None)
            if path is None:
                found += [] if item in sent_before else [fails("item_missing", MANIFEST, item=item)]
            elif (self._hashes.get(path), self._source.sizes[path]) != (digest, size):
                found.append(fails("item_differs", path, item=item))
        return found + [fails("item_unlisted", path) for path in inside.values()]

    def _check_custody(self) -> None:
        said = self._object(CUSTODY, "custody_unreadable")
        if not said:
            return
        acts = [one for listed in said.values() for one in (listed if isinstance(listed, list) else [None])]
        if not all(isinstance(act, dict) for act in acts):
            self._report.add(fails("custody_unreadable", CUSTODY, why="item -> list of acts"))
            return
        self._report.add(holds("custody_holds", CUSTODY, count=len(said), acts=len(acts)))

    def _check_receipts(self, trust: Trust) -> None:
        """Enclosed receipts: a false one fails the bag; one by an unknown signer is only worth a note."""
        for path in self._source.sizes:
            content = self._read(path) if path.startswith(RECEIPTS) else None
            if content is None:
                continue
            found, said = check_receipt(content, trust, path=path)
            self._report.extend(_softened(one) for one in found)
            if said:
                self._check_subject(path, str(said["subject"]))

    def _check_journal(self, checkpoints: Sequence[Mapping[str, Any]]) -> None:
        content = self._read(JOURNAL)
        if content is None:
            return
        found, chains = check_extract(content, path=JOURNAL)
        self._report.extend(found)
        self._report.extend(_anchors(chains, checkpoints, JOURNAL))
        for subject in chains.heads:
            self._check_subject(JOURNAL, subject)


def _anchors(chains: Chains, checkpoints: Sequence[Mapping[str, Any]], path: str) -> list[Finding]:
    return [one for checkpoint in checkpoints for one in anchored(chains, checkpoint, path=path)]


def _softened(finding: Finding) -> Finding:
    if finding.code != "signer_unknown":
        return finding
    return replace(finding, outcome="note")
