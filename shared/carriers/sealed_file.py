"""The folders of the sealed-file carrier: files leave in `outbox/<desk>/`, arrive in `inbox/`, and are never deleted.

What was taken lies in `done/`, what was refused in `quarantine/` beside a file that says why. Files appear in the
outbox whole or not at all; in the inbox they may still be growing, which the reader must see for itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.dossier.exact import exact

UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file in the inbox: its name, size in bytes, and when it changed last, in nanoseconds."""

    path: Path
    size: int
    changed_ns: int

    @property
    def name(self) -> str:
        """Return the file's name."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders below one root."""

    root: Path

    def out(self, desk: str, name: str) -> Path:
        """Return where a file for a desk lies."""
        return self.root / "outbox" / desk / name

    def arrivals(self) -> Iterator[Arrival]:
        """Yield what lies in the inbox, by name; hidden files, links and names of unfinished copies are left alone."""
        inbox = self.root / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        for path in sorted(inbox.rglob("*")):
            if path.is_symlink() or not path.is_file() or path.name.startswith(".") or path.suffix in UNFINISHED:
                continue
            found = path.stat()
            yield Arrival(path, found.st_size, found.st_mtime_ns)

    def done(self, arrival: Arrival) -> Path:
        """Put a file away that was taken."""
        return _moved(arrival.path, self.root / "done")

    def quarantine(self, arrival: Arrival, reasons: Sequence[dict[str, str]], *, at: str) -> Path:
        """Set a file aside that was refused, with the reasons beside it."""
        target = _moved(arrival.path, self.root / "quarantine")
        target.with_name(f"{target.name}.reason.json").write_bytes(exact({"at": at, "reasons": list(reasons)}))
        return target


def _moved(path: Path, folder: Path) -> Path:
    """Move a file into a folder under its own name, or that name and a number."""
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / path.name, 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}.{number}{path.suffix}"
    path.rename(target)
    return target
