"""A dossier of 1,000 files and 1 GB, hashed, signed and written, against `tar` and `sha256sum`. Target: at most 1.5."""

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from shared.clock import ZONE
from shared.dossier.exact import exact, sha256
from shared.dossier.keys import PublicKey, Signer, Trust
from shared.dossier.limits import CHUNK_BYTES
from shared.dossier.suites import suite
from shared.dossier.verifying import Verifier
from shared.dossier.writer import BagWriter

FILES, FILE_BYTES, ROUNDS, TARGET = 1_000, 1_000_000, 3, 1.5
NOW = datetime(2026, 9, 7, 9, 0, tzinfo=ZONE)


def fill(folder: Path) -> dict[str, Path]:
    """Write the files, named by their SHA-256 as blobs are; every byte is random."""
    found = {}
    for _ in range(FILES):
        content = os.urandom(FILE_BYTES)
        path = folder / sha256(content)
        path.write_bytes(content)
        found[path.name] = path
    return found


def ours(blobs: dict[str, Path], target: Path, signer: Signer) -> None:
    """Write the dossier: each blob read once, checked against its name, hashed into the manifests, signed."""
    listed = [{"item": name, "sha256": name, "size": FILE_BYTES} for name in blobs]
    with target.open("wb", buffering=CHUNK_BYTES) as file:
        bag = BagWriter(file, "dossier")
        bag.put("manifest.json", exact({"subject": "referral:bench", "items": listed}))
        for name, path in blobs.items():
            bag.add(f"evidence/{name}/photo.jpg", _chunks(path), size=FILE_BYTES, expected=name)
        info = [("Lianqin-Agency", signer.agency), ("External-Identifier", "referral:bench")]
        bag.close(info, [signer], at=NOW)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def theirs(folder: Path, target: Path) -> None:
    """`tar` the folder and list the SHA-256 of its files."""
    subprocess.run(["tar", "cf", str(target), str(folder)], check=True, stderr=subprocess.DEVNULL)
    names = [str(path) for path in folder.iterdir()]
    subprocess.run(["sha256sum", *names], check=True, stdout=subprocess.DEVNULL)


def seconds(run: Callable[[], None]) -> float:
    """How long it took."""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def measure() -> dict[str, float]:
    """Seconds of each, in turns, the medians' ratio, and how long checking the dossier takes."""
    signer = Signer("eea-320500", "ed25519-sha256", suite("ed25519-sha256").new_private())
    known = PublicKey(signer.agency, signer.suite, signer.public, NOW)
    with tempfile.TemporaryDirectory() as place:
        folder, bag, tar = Path(place) / "blobs", Path(place) / "dossier.zip", Path(place) / "dossier.tar"
        folder.mkdir()
        blobs = fill(folder)
        times: dict[str, list[float]] = {"ours": [], "theirs": []}
        for _ in range(ROUNDS):
            times["theirs"].append(seconds(lambda: theirs(folder, tar)))
            tar.unlink()
            times["ours"].append(seconds(lambda: ours(blobs, bag, signer)))
        begun = time.perf_counter()
        (report,) = Verifier(Trust([known])).verify(bag)
        checked = time.perf_counter() - begun
        shutil.rmtree(folder)
    assert report.holds, report.failures
    mine, other = statistics.median(times["ours"]), statistics.median(times["theirs"])
    return {"dossier, s": mine, "tar + sha256sum, s": other, "ratio": mine / other, "verify, s": checked}


def main() -> None:
    """Print the figures beside the target."""
    for name, value in measure().items():
        print(f"{name:20} {value:10.2f}")
    print(f"target: ratio at most {TARGET}")


if __name__ == "__main__":
    main()
