"""ZIP files with one possible form: entries stored one after the other, nothing between, nothing hidden.

The form: no compression, no comments, UTF-8 names, the time 1980-01-01 00:00, permissions 0644, ZIP64 fields only where
a number needs them (APPNOTE 6.3). Any ZIP program reads it; from names, sizes and contents every byte follows, so that
each changed byte is seen.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from shared.dossier.findings import Broken, fails
from shared.dossier.limits import CHUNK_BYTES, Limits

LOCAL, CENTRAL, END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")
END64, LOCATOR = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
UTF8, STORED, TIME, DATE, MODE = 0x0800, 0, 0, 0x0021, 0o100644 << 16
BIG, MANY = 0xFFFFFFFF, 0xFFFF
MADE_BY_UNIX = 3 << 8


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: its name, size and CRC-32, and where its header begins."""

    name: str
    size: int
    crc: int
    offset: int

    @property
    def begins(self) -> int:
        """Return where its bytes begin."""
        return self.offset + len(self.local())

    @property
    def ends(self) -> int:
        """Return where its bytes end."""
        return self.begins + self.size

    def local(self) -> bytes:
        """Return the header before its bytes."""
        name, is_big = self.name.encode(), self.size >= BIG
        extra = struct.pack("<2H2Q", 1, 16, self.size, self.size) if is_big else b""
        size, version = (BIG, 45) if is_big else (self.size, 20)
        fixed = LOCAL.pack(b"PK\3\4", version, UTF8, STORED, TIME, DATE, self.crc, size, size, len(name), len(extra))
        return fixed + name + extra

    def central(self) -> bytes:
        """Return its line in the directory."""
        name = self.name.encode()
        numbers = [self.size, self.size] if self.size >= BIG else []
        numbers += [self.offset] if self.offset >= BIG else []
        extra = struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
        version, size = 45 if numbers else 20, min(self.size, BIG)
        fixed = CENTRAL.pack(
            b"PK\1\2",
            MADE_BY_UNIX | version,
            version,
            UTF8,
            STORED,
            TIME,
            DATE,
            self.crc,
            size,
            size,
            len(name),
            len(extra),
            0,
            0,
            0,
            MODE,
            min(self.offset, BIG),
        )
        return fixed + name + extra


def closing(count: int, size: int, offset: int) -> bytes:
    """Return the end of a file whose directory of `count` lines and `size` bytes begins at `offset`."""
    parts = b""
    if count >= MANY or size >= BIG or offset >= BIG:
        parts = END64.pack(b"PK\6\6", 44, MADE_BY_UNIX | 45, 45, 0, 0, count, count, size, offset)
        parts += LOCATOR.pack(b"PK\6\7", 0, offset + size, 1)
    few = min(count, MANY)
    return parts + END.pack(b"PK\5\6", 0, 0, few, few, min(size, BIG), min(offset, BIG), 0)


class ZipWriter:
    """Writes entries as they come; the file must be able to seek back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._members: list[Member] = []
        self._names: set[str] = set()
        self._at = 0

    def add(self, name: str, chunks: Iterable[bytes], *, size: int) -> None:
        """Write one entry of a known size. Raises ValueError when its bytes are more or fewer, or the name is taken."""
        if name in self._names:
            raise ValueError(f"{name} stands in the file already")
        self._names.add(name)
        blank = Member(name, size, 0, self._at)
        self._file.write(blank.local())
        crc, written = 0, 0
        for chunk in chunks:
            crc, written = zlib.crc32(chunk, crc), written + len(chunk)
            self._file.write(chunk)
        if written != size:
            raise ValueError(f"{name} has {written} bytes, not {size}")
        member = Member(name, size, crc, self._at)
        self._file.seek(self._at)
        self._file.write(member.local())
        self._file.seek(member.ends)
        self._members.append(member)
        self._at = member.ends

    def close(self) -> int:
        """Write the directory. Returns the size of the whole file."""
        directory = b"".join(member.central() for member in self._members)
        end = closing(len(self._members), len(directory), self._at)
        self._file.write(directory + end)
        return self._at + len(directory) + len(end)


class ZipReader:
    """Reads such a file, and refuses any other. Raises Broken with the finding."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._file = path.open("rb")
        try:
            self.members = {member.name: member for member in _read(self._file, path.stat().st_size, limits)}
        except BaseException:
            self._file.close()
            raise

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield an entry's bytes. Raises Broken at the end when they do not have their CRC."""
        member, crc = self.members[name], 0
        self._file.seek(member.begins)
        left = member.size
        while left:
            chunk = self._file.read(min(left, CHUNK_BYTES))
            if not chunk:
                raise Broken(fails("zip_cut", name))
            crc, left = zlib.crc32(chunk, crc), left - len(chunk)
            yield chunk
        if crc != member.crc:
            raise Broken(fails("zip_bytes_changed", name))

    def close(self) -> None:
        """Give the file back."""
        self._file.close()


def _read(file: BinaryIO, size: int, limits: Limits) -> list[Member]:
    count, directory_size, offset = _ending(file, size)
    if count > limits.files:
        raise Broken(fails("too_many_files", count=count, most=limits.files))
    if size > limits.total_bytes or directory_size > limits.read_bytes:
        raise Broken(fails("too_large", size=size, most=limits.total_bytes))
    file.seek(offset)
    directory = file.read(directory_size)
    members, place = [], 0
    for _ in range(count):
        member, length = _line(directory, place)
        members.append(member)
        place += length
    if place != len(directory) or directory + closing(count, directory_size, offset) != directory + _rest(file):
        raise Broken(fails("zip_directory_changed"))
    if len({member.name for member in members}) != count:
        raise Broken(fails("zip_same_name"))
    _check_places(file, members, offset)
    return members


def _rest(file: BinaryIO) -> bytes:
    return file.read(END64.size + LOCATOR.size + END.size + 1)


def _ending(file: BinaryIO, size: int) -> tuple[int, int, int]:
    """Return count, size and offset of the directory."""
    file.seek(0)
    head = file.read(4)
    if head not in (b"PK\3\4", b"PK\5\6"):
        raise Broken(fails("zip_cut" if b"PK\3\4".startswith(head) else "not_a_zip"))
    file.seek(max(size - END.size, 0))
    tail = file.read(END.size)
    if len(tail) < END.size or tail[:4] != b"PK\5\6":
        raise Broken(fails("zip_cut"))
    count, directory_size, offset = (int(value) for value in END.unpack(tail)[4:7])
    before = size - END.size - LOCATOR.size - END64.size
    if before >= 0:
        file.seek(before)
        wide = file.read(END64.size)
        if wide[:4] == b"PK\6\6":
            count, directory_size, offset = (int(value) for value in END64.unpack(wide)[7:10])
    if offset + directory_size > size:
        raise Broken(fails("zip_directory_changed"))
    return count, directory_size, offset


def _line(directory: bytes, place: int) -> tuple[Member, int]:
    """Return the entry a line of the directory tells of, and the line's length; refuse lines of another form."""
    if len(directory) < place + CENTRAL.size:
        raise Broken(fails("zip_directory_changed"))
    fields = CENTRAL.unpack_from(directory, place)
    crc, size, offset = int(fields[7]), int(fields[9]), int(fields[16])
    name_ends = place + CENTRAL.size + int(fields[10])
    length = CENTRAL.size + int(fields[10]) + int(fields[11]) + int(fields[12])
    raw = directory[place + CENTRAL.size : name_ends]
    name = raw.decode(errors="replace")
    if int(fields[3]) & 1:
        raise Broken(fails("zip_encrypted", name))
    if int(fields[4]) != STORED:
        raise Broken(fails("zip_compressed", name, size=size, packed=int(fields[8])))
    if (int(fields[15]) >> 16) & 0o170000 == 0o120000:
        raise Broken(fails("link", name))
    extra = directory[name_ends + 4 : name_ends + int(fields[11])]
    numbers = [int(value) for (value,) in struct.iter_unpack("<Q", extra[: len(extra) // 8 * 8])]
    if size == BIG and len(numbers) >= 2:
        size, _packed, *numbers = numbers
    if offset == BIG and numbers:
        offset = numbers[0]
    member = Member(name, size, crc, offset)
    if raw != name.encode() or member.central() != directory[place : place + length]:
        raise Broken(fails("zip_line_changed", name))
    return member, length


def _check_places(file: BinaryIO, members: list[Member], directory_at: int) -> None:
    """Refuse entries that overlap or leave room between them, and headers unlike their line in the directory."""
    at = 0
    for member in members:
        if member.offset != at:
            raise Broken(fails("zip_overlap", member.name))
        file.seek(at)
        if file.read(len(member.local())) != member.local():
            raise Broken(fails("zip_header_changed", member.name))
        at = member.ends
    if at != directory_at:
        raise Broken(fails("zip_directory_changed"))
