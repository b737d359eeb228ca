"""Where a bag is read from: a folder, or a ZIP with one folder in it."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from shared.dossier import names
from shared.dossier.findings import Broken, fails
from shared.dossier.limits import CHUNK_BYTES, Limits
from shared.dossier.zips import ZipReader


class Source(Protocol):
    """The files of a bag by their path below its folder."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Return every file's size in bytes."""

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes."""

    def close(self) -> None:
        """Give back what is open."""


class Folder:
    """A bag in a folder. Links and special files are refused. Raises Broken."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self.sizes: Mapping[str, int] = dict(self._walk(limits))

    def _walk(self, limits: Limits) -> Iterator[tuple[str, int]]:
        count = total = 0
        for place, folders, files in os.walk(self._root):
            for name in (*folders, *files):
                path = Path(place) / name
                shown = path.relative_to(self._root).as_posix()
                found = path.lstat()
                if stat.S_ISDIR(found.st_mode):
                    continue
                if not stat.S_ISREG(found.st_mode):
                    raise Broken(fails("link", shown))
                count, total = count + 1, total + found.st_size
                _guard(count, total, limits)
                yield shown, found.st_size

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes."""
        with (self._root / path).open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def close(self) -> None:
        """Nothing stays open."""


class Zip:
    """A bag in a ZIP: one folder holds everything. Raises Broken."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._zip = ZipReader(path, limits)
        try:
            self.base, self.sizes = self._sizes()
        except BaseException:
            self._zip.close()
            raise

    def _sizes(self) -> tuple[str, Mapping[str, int]]:
        for name in self._zip.members:
            if why := names.problem(name):
                raise Broken(fails("path_outside", name, why=why))
        bases = {name.partition("/")[0] for name in self._zip.members}
        if len(bases) != 1:
            raise Broken(fails("not_one_folder", count=len(bases)))
        (base,) = bases
        return base, {name[len(base) + 1 :]: member.size for name, member in self._zip.members.items()}

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes."""
        return self._zip.chunks(f"{self.base}/{path}")

    def close(self) -> None:
        """Give the file back."""
        self._zip.close()


def _guard(count: int, total: int, limits: Limits) -> None:
    if count > limits.files:
        raise Broken(fails("too_many_files", count=count, most=limits.files))
    if total > limits.total_bytes:
        raise Broken(fails("too_large", size=total, most=limits.total_bytes))


def open_source(path: Path, limits: Limits) -> Source:
    """Open a folder or a ZIP as a bag's source. Raises Broken."""
    return Folder(path, limits) if path.is_dir() else Zip(path, limits)


def read(source: Source, path: str, limits: Limits) -> bytes:
    """Return a small file of a bag. Raises Broken when it is missing or large."""
    size = source.sizes.get(path)
    if size is None:
        raise Broken(fails("file_missing", path))
    if size > limits.read_bytes:
        raise Broken(fails("too_large", path, size=size, most=limits.read_bytes))
    return b"".join(source.chunks(path))
