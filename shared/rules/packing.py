"""The law in one file: packed with its digest, unpacked only when it holds together and keeps what went before."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from shared.rules.catalogue import DATA, Catalogue, load
from shared.rules.loading import CatalogueError

DIGEST_NAME = "catalogue.json"
KINDS = (".yaml", ".json", ".md")
MOST_FILES = 2_000
MOST_BYTES = 64 * 1024 * 1024
A_DAY_LONG_AGO = (2026, 1, 1, 0, 0, 0)


class PackRefused(ValueError):
    """A packed catalogue cannot be used; the message says why, in both languages."""


def pack(target: Path, folder: Path = DATA) -> str:
    """Write the catalogue of a folder to one file and return its digest. The same law gives the same bytes."""
    digest = load(folder).digest
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        _put(packed, DIGEST_NAME, json.dumps({"digest": digest}).encode())
        for path in _files(folder):
            _put(packed, f"law/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return digest


def unpack(source: Path, target: Path, *, current: Catalogue) -> Catalogue:
    """Unpack a catalogue into `target` (new or empty) and return it.

    Raises PackRefused when the file is broken, names paths outside, does not have its digest, does not load, or lacks
    an entry that subjects may have begun under.
    """
    if target.exists() and any(target.iterdir()):
        raise PackRefused(f"{target} 不是空文件夹,请另选 / {target} is not empty: choose another folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        folder = Path(scratch) / "law"
        stated = _extract(source, folder)
        try:
            found = load(folder)
        except (CatalogueError, UnicodeDecodeError, OSError) as broken:
            raise PackRefused(f"法规目录无法使用:{broken} / the catalogue cannot be used: {broken}") from broken
        if found.digest != stated:
            zh, en = "摘要不符,文件被改动", "the digest does not match: the file was changed"
            raise PackRefused(f"{zh} / {en} ({found.digest} ≠ {stated})")
        lacking = sorted(_lacking(current, found))
        if lacking:
            listed = ", ".join(lacking[:10])
            raise PackRefused(f"缺少在用条目 / entries in use are missing or were edited: {listed}")
        if target.exists():
            target.rmdir()
        folder.rename(target)
    return found


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix in KINDS)
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def _put(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    packed.writestr(zipfile.ZipInfo(name, A_DAY_LONG_AGO), content, zipfile.ZIP_DEFLATED)


def _extract(source: Path, folder: Path) -> str:
    """Write the files of a pack into a folder and return the digest it states."""
    try:
        with zipfile.ZipFile(source) as packed:
            return _take_out(packed, folder)
    except PackRefused:
        raise
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, OSError, RuntimeError) as broken:
        raise PackRefused(f"不是有效的法规目录文件 / not a packed catalogue ({broken})") from broken


def _take_out(packed: zipfile.ZipFile, folder: Path) -> str:
    entries = packed.infolist()
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise PackRefused("文件过多或过大 / too many files, or too large")
    stated = str(json.loads(packed.read(DIGEST_NAME))["digest"])
    for entry in entries:
        if entry.filename != DIGEST_NAME:
            _extract_one(packed, entry, folder)
    return stated


def _extract_one(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    head, *parts = entry.filename.split("/")
    is_plain = head == "law" and parts and all(part not in ("", ".", "..") and "\\" not in part for part in parts)
    if not is_plain or Path(parts[-1]).suffix not in KINDS:
        raise PackRefused(f"不应有的路径 / a path that has no place here: {entry.filename!r}")
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(entry) as content:
        taken = content.read(entry.file_size + 1)
    if len(taken) != entry.file_size:
        raise PackRefused(f"大小不符 / the size does not match: {entry.filename!r}")
    path.write_bytes(taken)


def _lacking(current: Catalogue, found: Catalogue) -> Iterator[str]:
    """Published entries are never edited: every version a subject may hold stands in the new catalogue as it was."""
    for id, versions in current.procedures.items():
        known = {version.version: version for version in found.procedures.get(id, ())}
        for version in versions:
            if known.get(version.version) is None:
                yield f"{id} v{version.version}"
            elif known[version.version].steps != version.steps or known[version.version].states != version.states:
                yield f"{id} v{version.version} (edited)"
    for kind in ("terms", "standards", "requirements"):
        yield from (f"{kind}/{id}" for id in getattr(current, kind) if id not in getattr(found, kind))
    yield from (f"agencies/{id}" for id in current.agencies if id not in found.agencies)
