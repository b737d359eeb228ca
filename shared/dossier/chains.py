"""Journal extracts: entries one to a line, each with its hash and the hash before it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.dossier.exact import NotExact, exact, read_exact, read_object, sha256, text_of
from shared.dossier.findings import Finding, fails, holds


@dataclass(frozen=True, slots=True)
class Line:
    """An entry on its way out; `body` is the exact text that was hashed, None where it is not for the reader."""

    subject: str
    seq: int
    prev: str
    hash: str
    body: str | None


@dataclass(slots=True)
class Chains:
    """What was read of an extract: the hash of each entry, by subject and number."""

    hashes: dict[tuple[str, int], str] = field(default_factory=dict)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    hidden: int = 0


def extract(lines: Iterable[Line]) -> bytes:
    """Return an extract: each chain from its first entry, then a line that says how many there are and their heads."""
    written, heads = [], {}
    for line in lines:
        said = {"subject": line.subject, "seq": line.seq, "prev": line.prev, "hash": line.hash, "body": line.body}
        written.append(exact(said))
        heads[line.subject] = line.hash
    return b"".join(written) + exact({"entries": len(written), "heads": heads})


def check_extract(content: bytes, *, path: str) -> tuple[list[Finding], Chains]:
    """Check an extract line by line. Returns the findings and the chains as they were read."""
    found, chains = [], Chains()
    lines = content.splitlines(keepends=True)
    for number, line in enumerate(lines[:-1], start=1):
        try:
            found += _entry(read_exact(line), chains, f"{path}:{number}")
        except NotExact as broken:
            found.append(fails("journal_unreadable", f"{path}:{number}", why=broken))
    end = {"entries": len(lines) - 1, "heads": {subject: head for subject, (_seq, head) in chains.heads.items()}}
    if not lines or lines[-1] != exact(end):
        found.append(fails("journal_end", f"{path}:{len(lines)}"))
    if not found:
        found.append(holds("journal_holds", path, count=len(lines) - 1, hidden=chains.hidden))
    return found, chains


def _entry(said: Mapping[str, Any], chains: Chains, path: str) -> list[Finding]:
    if set(said) != {"subject", "seq", "prev", "hash", "body"} or not isinstance(said["seq"], int):
        raise NotExact("an entry holds subject, seq, prev, hash and body")
    subject, prev, hash_ = text_of(dict(said), "subject", "prev", "hash")
    seq, head = chains.heads.get(subject, (0, ""))
    found = []
    if said["seq"] != seq + 1:
        found.append(fails("entry_place", path, expected=seq + 1, seq=said["seq"]))
    if prev != head:
        found.append(fails("entry_chain", path, seq=said["seq"]))
    if said["body"] is None:
        chains.hidden += 1
    else:
        found += _text(said, path)
    if len(hash_) != 64:
        found.append(fails("entry_changed", path, seq=said["seq"]))
    chains.heads[subject] = (said["seq"], hash_)
    chains.hashes[subject, said["seq"]] = hash_
    return found


def _text(said: Mapping[str, Any], path: str) -> list[Finding]:
    body = str(said["body"]).encode()
    if sha256(body) != said["hash"]:
        return [fails("entry_changed", path, seq=said["seq"])]
    try:
        inside = read_object(body)
        is_same = all(inside.get(name) == said[name] for name in ("subject", "seq", "prev"))
    except NotExact:
        is_same = False
    return [] if is_same else [fails("entry_says_other", path, seq=said["seq"])]


def anchored(chains: Chains, checkpoint: Mapping[str, Any], *, path: str) -> list[Finding]:
    """Compare an extract with the heads of a checkpoint that was kept elsewhere."""
    found = []
    for subject, seq, head in checkpoint["heads"]:
        if subject not in chains.heads:
            continue
        known = chains.hashes.get((subject, seq))
        values = {"seq": seq, "on": checkpoint["on"]}
        if known is None:
            found.append(fails("anchor_beyond", path, **values))
        elif known == head:
            found.append(holds("anchored", path, **values))
        else:
            found.append(fails("anchor_differs", path, **values))
    return found
