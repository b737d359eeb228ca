"""Is it a BagIt bag (RFC 8493), complete and unchanged: declaration, manifests, tag manifests, description."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from shared.dossier import names
from shared.dossier.exact import sha256
from shared.dossier.findings import Broken, Report, fails, holds
from shared.dossier.limits import Limits
from shared.dossier.sources import Source, read
from shared.dossier.suites import Hash, new_hash

HASHES = ("md5", "sha1", "sha256", "sha512", "sm3")
_DECLARATION = re.compile(rb"BagIt-Version: (0\.97|1\.0)\r?\nTag-File-Character-Encoding: UTF-8(\r?\n)?")
_MANIFEST = re.compile(r"(tag)?manifest-([a-z0-9]+)\.txt")
_LINE = re.compile(r"([0-9a-fA-F]+)[ \t]+\*?(\S.*)")


@dataclass(slots=True)
class Structure:
    """What the manifests of a bag list, and what its description says."""

    payload: dict[str, dict[str, str]] = field(default_factory=dict)
    """Manifest -> path -> digest."""
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    tag_digest: str = ""
    """SHA-256 of tagmanifest-sha256.txt: the whole bag in one number."""
    info: dict[str, str] = field(default_factory=dict)
    """Label -> value of bag-info.txt; the last one of a repeated label."""


def check_structure(source: Source, report: Report, limits: Limits) -> Structure:
    """Check a bag as BagIt has it, adding what was found to the report."""
    found = Structure()
    paths = list(source.sizes)
    report.extend(fails("path_outside", path, why=names.problem(path)) for path in paths if names.problem(path))
    report.extend(fails("name_collision", path) for path in names.collisions(paths))
    if "bagit.txt" not in source.sizes:
        report.add(fails("not_a_bag"))
        return found
    if not _DECLARATION.fullmatch(_content(source, "bagit.txt", report, limits)):
        report.add(fails("declaration_wrong", "bagit.txt"))
    if "fetch.txt" in source.sizes:
        report.add(fails("fetch_refused", "fetch.txt"))
    _read_manifests(source, report, found, limits)
    if not found.payload:
        report.add(fails("manifest_missing", name="manifest-sha256.txt"))
    _check_listed(source, report, found)
    before = len(report.failures)
    _check_bytes(source, report, found)
    if "bag-info.txt" in source.sizes:
        found.info = _info(_content(source, "bag-info.txt", report, limits), report)
        _check_oxum(source, found.info, report)
    if len(report.failures) == before and not report.failures:
        report.add(holds("files_hold", count=len(paths)))
    return found


def _content(source: Source, path: str, report: Report, limits: Limits) -> bytes:
    try:
        return read(source, path, limits)
    except (Broken, OSError) as broken:
        report.add(broken.finding if isinstance(broken, Broken) else fails("file_unreadable", path, why=broken))
        return b""


def _read_manifests(source: Source, report: Report, found: Structure, limits: Limits) -> None:
    for path in source.sizes:
        named = _MANIFEST.fullmatch(path)
        if named is None:
            continue
        if named.group(2) not in HASHES:
            report.add(fails("hash_unknown", path, name=named.group(2)))
            continue
        content = _content(source, path, report, limits)
        if path == "tagmanifest-sha256.txt":
            found.tag_digest = sha256(content)
        listed = dict(_lines(path, content, report, is_tag=bool(named.group(1))))
        (found.tags if named.group(1) else found.payload)[path] = listed


def _lines(manifest: str, content: bytes, report: Report, *, is_tag: bool) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    length = len(_hash_of(manifest).hexdigest())
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        parts = _LINE.fullmatch(line)
        path = names.as_read(parts.group(2)).removeprefix("./") if parts else ""
        if parts is None or len(parts.group(1)) != length:
            report.add(fails("manifest_line", manifest, line=number))
        elif why := names.problem(path) or _wrong_place(path, is_tag=is_tag):
            report.add(fails("path_outside", f"{manifest}: {path}", why=why))
        elif path in seen:
            report.add(fails("manifest_twice", path))
        else:
            seen.add(path)
            yield path, parts.group(1).lower()


def _wrong_place(path: str, *, is_tag: bool) -> str:
    if path.startswith("data/") == is_tag:
        return "payload belongs into data/, tag files beside it"
    return "a tag manifest does not list itself" if is_tag and path.startswith("tagmanifest-") else ""


def _check_listed(source: Source, report: Report, found: Structure) -> None:
    """Every listed file is there; every payload file is in every payload manifest, every manifest in the tag ones."""
    for manifest, listed in (found.payload | found.tags).items():
        report.extend(fails("file_missing", path) for path in listed if path not in source.sizes)
        wanted = found.payload if manifest in found.tags else _payload_of(source.sizes)
        report.extend(fails("file_unlisted", path, name=manifest) for path in wanted if path not in listed)


def _payload_of(paths: Mapping[str, int]) -> list[str]:
    return [path for path in paths if path.startswith("data/")]


def _check_bytes(source: Source, report: Report, found: Structure) -> None:
    """Read each listed file once and compare it with every manifest that lists it."""
    listings = found.payload | found.tags
    for path in source.sizes:
        wanted = {manifest: listed[path] for manifest, listed in listings.items() if path in listed}
        if not wanted:
            continue
        hashes = {manifest: _hash_of(manifest) for manifest in wanted}
        try:
            _hash(source, path, hashes.values())
        except (Broken, OSError) as broken:
            report.add(broken.finding if isinstance(broken, Broken) else fails("file_unreadable", path, why=broken))
            continue
        wrong = [name for name, digest in wanted.items() if hashes[name].hexdigest() != digest]
        report.extend(fails("file_changed", path, name=name) for name in wrong)


def _hash(source: Source, path: str, hashes: Iterable[Hash]) -> None:
    for chunk in source.chunks(path):
        for one in hashes:
            one.update(chunk)


def _hash_of(manifest: str) -> Hash:
    return new_hash(manifest.removesuffix(".txt").rpartition("-")[2])


def _info(content: bytes, report: Report) -> dict[str, str]:
    found: dict[str, str] = {}
    label = ""
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        if line[:1] in (" ", "\t") and label:
            found[label] += " " + line.strip()
            continue
        label, colon, value = line.partition(":")
        if not colon or not label.strip():
            report.add(fails("info_line", "bag-info.txt", line=number))
            label = ""
            continue
        found[label] = value.strip()
    return found


def _check_oxum(source: Source, info: Mapping[str, str], report: Report) -> None:
    payload = _payload_of(source.sizes)
    actual = f"{sum(source.sizes[path] for path in payload)}.{len(payload)}"
    said = info.get("Payload-Oxum", actual)
    if said != actual:
        report.add(fails("oxum_wrong", "bag-info.txt", said=said, found=actual))
