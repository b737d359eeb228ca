"""How large a bag may be before it is refused unread."""

from dataclasses import dataclass

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Most files, most bytes in all, most bytes of a file that is read into memory (JSON, manifests)."""

    files: int = 50_000
    total_bytes: int = 64 * 1024**3
    read_bytes: int = 64 * 1024**2


DEFAULT = Limits()
