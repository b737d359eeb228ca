"""`verify`: what a file is, and what of it holds. Works on one machine, alone, offline."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from shared.dossier import structure
from shared.dossier.chains import anchored, check_extract
from shared.dossier.contents import Contents
from shared.dossier.exact import NotExact, read_exact, text_of
from shared.dossier.findings import Broken, Finding, Report, fails, holds
from shared.dossier.keys import Trust
from shared.dossier.limits import CHUNK_BYTES, DEFAULT, Limits
from shared.dossier.minutes import EXPORT, SIGNATURE, check_export, check_signature, is_export
from shared.dossier.signatures import check_document
from shared.dossier.sources import Source, open_source, read
from shared.dossier.stamps import check_stamp
from shared.dossier.statements import RULE_PACK, STEP_ANSWER, STEP_TAKEN, Statement, check_receipt
from shared.dossier.suites import new_hash
from shared.dossier.writer import PROFILE

_BLOB = re.compile(r"[0-9a-f]{64}")
MINUTES_SHOWN = ("conference", "number", "title", "digest")
LONG = ("heads", "rules", "sets")
"""What a statement says at length and a report leaves out."""
STAMP, STAMP_CHECK = "signatures/timestamp.tsr", "signatures/timestamp.sha256"


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a check believes: public keys, roots of time stamp authorities, checkpoints kept elsewhere, limits."""

    trust: Trust
    roots: Sequence[x509.Certificate] = ()
    checkpoints: Sequence[Mapping[str, Any]] = ()
    limits: Limits = DEFAULT

    def verify(self, path: Path) -> list[Report]:
        """Check a file, a bag's folder, or every file of any other folder."""
        if path.is_dir() and not (path / "bagit.txt").exists():
            return [self._one(found) for found in sorted(_files(path))] or [_nothing(path, "empty")]
        return [self._one(path)]

    def _one(self, path: Path) -> Report:
        try:
            if path.is_dir() or path.suffix == ".zip":
                return self.bag(path)
            if _BLOB.fullmatch(path.name):
                return _blob(path)
            if path.suffix == ".ndjson":
                return self._extract(path)
            if path.suffix == ".json":
                return self._statement(path)
        except OSError as missing:
            return _nothing(path, str(missing))
        return Report(str(path), findings=[fails("not_recognised", path.name)])

    def bag(self, path: Path) -> Report:
        """Check a bag: as BagIt has it, its signatures and stamp, and what it says."""
        report = Report(str(path), "bag")
        try:
            source = open_source(path, self.limits)
        except Broken as broken:
            report.add(broken.finding)
            return report
        try:
            self._bag(source, report)
        finally:
            source.close()
        return report

    def _bag(self, source: Source, report: Report) -> None:
        found = structure.check_structure(source, report, self.limits)
        names = (
            "Lianqin-Agency",
            "Lianqin-Kind",
            "Lianqin-Reader",
            "External-Identifier",
            "Bagging-Date",
            "Lianqin-Profile",
        )
        report.facts |= {name: found.info[name] for name in names if name in found.info}
        report.digests = found.payload.get("manifest-sha256.txt", {})
        report.facts["bag"] = found.tag_digest
        self._check_signatures(source, found, report)
        if found.info.get("Lianqin-Profile") == PROFILE:
            Contents(source, found, report, self.limits).check(self.trust, self.checkpoints)

    def _check_signatures(self, source: Source, found: structure.Structure, report: Report) -> None:
        """Check every signature over the tag manifest of its hash, the sender's among them, and the stamp."""
        signed_by, first = set(), ""
        listed = {path for tags in found.tags.values() for path in tags}
        for path in source.sizes:
            if path.startswith("data/") or path in listed or path.startswith("tagmanifest-"):
                continue
            if path.startswith("signatures/") and path.endswith(".json"):
                first = first or path
                signed_by.add(self._check_signature(source, path, report))
            elif listed and path not in (STAMP, STAMP_CHECK):
                report.add(fails("file_unlisted", path, name="tagmanifest-sha256.txt"))
        sender = found.info.get("Lianqin-Agency", "")
        if not first:
            report.add(fails("unsigned"))
        elif sender not in signed_by:
            report.add(fails("not_signed_by_sender", agency=sender))
        if STAMP in source.sizes or STAMP_CHECK in source.sizes:
            self._check_stamp(source, first, report)

    def _check_signature(self, source: Source, path: str, report: Report) -> str:
        """Check one signature; returns the agency it names."""
        try:
            document = read(source, path, self.limits)
            over = f"tagmanifest-{str(read_exact(document).get('digest')).partition(':')[0]}.txt"
            if over not in source.sizes:
                raise NotExact("its digest names no tag manifest of the bag")
            content = read(source, over, self.limits)
        except NotExact as broken:
            report.add(fails("signature_unreadable", path, why=broken))
            return ""
        except Broken as broken:
            report.add(broken.finding)
            return ""
        checked, agency = check_document(document, content, self.trust, path=path)
        report.add(*checked)
        return agency

    def _check_stamp(self, source: Source, signature: str, report: Report) -> None:
        try:
            token, listed = (read(source, path, self.limits) for path in (STAMP, STAMP_CHECK))
            content = read(source, signature, self.limits) if signature else b""
        except Broken as broken:
            report.add(broken.finding)
            return
        report.extend(check_stamp(token, listed, content, self.roots, path=STAMP))

    def _extract(self, path: Path) -> Report:
        found, chains = check_extract(path.read_bytes(), path=path.name)
        for checkpoint in self.checkpoints:
            found += anchored(chains, checkpoint, path=path.name)
        return Report(str(path), "journal", found, {"chains": len(chains.heads)})

    def _statement(self, path: Path) -> Report:
        content = path.read_bytes()
        if is_export(content):
            found, said = check_export(content, self.trust, path=path.name)
            facts = {name: value for name, value in said.items() if name in MINUTES_SHOWN}
            return Report(str(path), EXPORT, found, facts)
        report = Report(str(path), "statement")
        try:
            statement = Statement(content)
        except NotExact as broken:
            report.add(fails("statement_unreadable", path.name, why=broken))
            return report
        report.kind = statement.type
        report.facts = {name: value for name, value in statement.said.items() if name not in LONG}
        report.facts["digest"] = statement.digest
        stamp = path.with_suffix(".tsr")
        if stamp.exists():
            listed = path.with_suffix(".sha256")
            beside = listed.read_bytes() if listed.exists() else b""
            report.extend(check_stamp(stamp.read_bytes(), beside, content, self.roots, path=stamp.name))
        if statement.type == SIGNATURE:
            report.extend(check_signature(statement, self.trust, path=path.name))
        elif statement.type in (STEP_TAKEN, STEP_ANSWER, RULE_PACK):
            report.extend(statement.check(self.trust, path=path.name))
        elif statement.type == "checkpoint":
            report.extend(checkpoint_findings(statement, self.trust, path=path.name))
        else:
            report.extend(check_receipt(content, self.trust, path=path.name)[0])
        return report


def checkpoint_findings(statement: Statement, trust: Trust, *, path: str) -> list[Finding]:
    """Return what a checkpoint is worth."""
    said = statement.said
    try:
        room, on, at = text_of(said, "room", "on", "at")
        heads = said["heads"]
        is_shaped = all(
            isinstance(subject, str) and isinstance(seq, int) and _BLOB.fullmatch(head) for subject, seq, head in heads
        )
    except (NotExact, KeyError, TypeError, ValueError) as broken:
        return [fails("checkpoint_unreadable", path, why=broken)]
    if not is_shaped:
        return [fails("checkpoint_unreadable", path, why="heads are subject, number and hash")]
    values = {"room": room, "on": on, "chains": len(heads), "entries": said.get("entries")}
    return [*statement.check(trust, path=path), holds("checkpoint_says", path, at=at, **values)]


def _blob(path: Path) -> Report:
    found = new_hash("sha256")
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.update(chunk)
    is_same = found.hexdigest() == path.name
    finding = (holds if is_same else fails)("blob_holds" if is_same else "blob_changed", path.name)
    return Report(str(path), "blob", [finding], {"sha256": path.name})


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink() and not (path / "bagit.txt").exists():
            yield from _files(path)
        elif path.suffix not in (".tsr", ".sha256") or not path.with_suffix(".json").exists():
            yield path


def _nothing(path: Path, why: str) -> Report:
    return Report(str(path), findings=[fails("nothing_there", why=why)])
