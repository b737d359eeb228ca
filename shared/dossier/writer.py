"""Writing a bag: each file is hashed on its way in, once; then manifests, description and signatures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO

from shared.dossier import names
from shared.dossier.exact import exact, sha256
from shared.dossier.keys import Signer, key_id
from shared.dossier.signatures import sign
from shared.dossier.stamps import listing
from shared.dossier.suites import Hash, new_hash, suite
from shared.dossier.zips import ZipWriter

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
PROFILE = "lianqin-dossier-1"
Stamp = Callable[[bytes], bytes | None]
"""Given some bytes, returns an RFC 3161 response over them; None when there is no answer."""


class BagWriter:
    """Writes a bag into one ZIP. `suites` say which hashes the manifests have; SHA-256 is always one of them."""

    def __init__(self, file: BinaryIO, base: str, *, suites: Sequence[str] = ()) -> None:
        self._zip, self._base = ZipWriter(file), base
        hashes = {"sha256", *(suite(name).hash_name for name in suites)}
        self._lines: dict[str, list[str]] = {name: [] for name in sorted(hashes)}
        self._octets = self._files = 0

    def add(self, path: str, chunks: Iterable[bytes], *, size: int, expected: str | None = None) -> str:
        """Write `data/<path>`. Returns its SHA-256; raises ValueError when that is not the expected one."""
        hashes: dict[str, Hash] = {name: new_hash(name) for name in self._lines}
        inside = f"data/{path}"
        if why := names.problem(inside):
            raise ValueError(f"{inside}: {why}")
        self._zip.add(f"{self._base}/{inside}", _through(chunks, hashes.values()), size=size)
        for name, found in hashes.items():
            self._lines[name].append(f"{found.hexdigest()}  {names.written(inside)}\n")
        self._octets, self._files = self._octets + size, self._files + 1
        digest = hashes["sha256"].hexdigest()
        if expected is not None and digest != expected:
            raise ValueError(f"{inside} has the SHA-256 {digest}, not {expected}")
        return digest

    def put(self, path: str, content: bytes) -> str:
        """Write a small file `data/<path>`. Returns its SHA-256."""
        return self.add(path, [content], size=len(content))

    def close(
        self,
        info: Iterable[tuple[str, str]],
        signers: Iterable[Signer],
        *,
        at: datetime,
        stamp: Stamp | None = None,
    ) -> str:
        """Write the tag files and the signatures, end the bag, and return the SHA-256 of its tag manifest.

        `info` are the lines of bag-info.txt beside those every bag has. Each signature is over the tag manifest,
        which through the manifests covers every byte of the bag; a stamp is over the first signature file.
        """
        described = [
            *info,
            ("Bagging-Date", at.date().isoformat()),
            ("Payload-Oxum", f"{self._octets}.{self._files}"),
            ("Lianqin-Profile", PROFILE),
        ]
        tags = {"bagit.txt": DECLARATION, "bag-info.txt": _info(described)}
        tags |= {f"manifest-{name}.txt": "".join(lines).encode() for name, lines in self._lines.items()}
        over = {f"tagmanifest-{name}.txt": _tag_lines(name, tags) for name in self._lines}
        signed = dict(_signatures(over, signers, at))
        token = stamp(next(iter(signed.values()))) if stamp is not None and signed else None
        if token is not None:
            beside = listing(token, "timestamp.tsr")
            signed |= {"signatures/timestamp.tsr": token, "signatures/timestamp.sha256": beside}
        for path, content in (tags | over | signed).items():
            self._zip.add(f"{self._base}/{path}", [content], size=len(content))
        self._zip.close()
        return sha256(over["tagmanifest-sha256.txt"])


def _through(chunks: Iterable[bytes], hashes: Iterable[Hash]) -> Iterator[bytes]:
    for chunk in chunks:
        for one in hashes:
            one.update(chunk)
        yield chunk


def _info(lines: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{label}: {' '.join(value.split())}\n" for label, value in lines).encode()


def _tag_lines(hash_name: str, tags: dict[str, bytes]) -> bytes:
    lines = []
    for path, content in tags.items():
        found = new_hash(hash_name)
        found.update(content)
        lines.append(f"{found.hexdigest()}  {path}\n")
    return "".join(lines).encode()


def _signatures(over: dict[str, bytes], signers: Iterable[Signer], at: datetime) -> Iterator[tuple[str, bytes]]:
    for signer in signers:
        named = f"{signer.agency}-{key_id(signer.suite, signer.public)}"
        content = over[f"tagmanifest-{suite(signer.suite).hash_name}.txt"]
        yield f"signatures/{named}.json", exact(sign(content, signer, at=at))
