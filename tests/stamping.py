"""A time stamp authority for tests: `openssl ts` behind an HTTP address, with a root and a certificate of its own."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OPENSSL = shutil.which("openssl")
CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Example Time Stamp Authority
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[tsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ts]
default_tsa = stamping
[stamping]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


class Authority:
    """Keys, certificates and the two commands."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.root = folder, folder / "root.pem"
        self._config = folder / "ts.cnf"
        self._config.write_text(CONFIG.format(folder=folder))
        (folder / "serial").write_text("01")
        for name in ("root", "tsa"):
            self._run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{folder}/{name}.key")
        self._run(
            "req", "-new", "-x509", "-days", "30", "-config", self._config, "-subj", "/CN=Example Root",
            "-extensions", "root", "-key", f"{folder}/root.key", "-out", self.root,
        )  # fmt: skip
        self._run("req", "-new", "-config", self._config, "-key", f"{folder}/tsa.key", "-out", f"{folder}/tsa.csr")
        self._run(
            "x509", "-req", "-days", "30", "-in", f"{folder}/tsa.csr", "-CA", self.root, "-CAkey",
            f"{folder}/root.key", "-CAcreateserial", "-extfile", self._config, "-extensions", "tsa",
            "-out", f"{folder}/tsa.pem",
        )  # fmt: skip

    def answer(self, request: bytes) -> bytes:
        """Stamp a request."""
        query, reply = self.folder / "query.tsq", self.folder / "reply.tsr"
        query.write_bytes(request)
        self._run("ts", "-reply", "-config", self._config, "-section", "stamping", "-queryfile", query, "-out", reply)
        return reply.read_bytes()

    def agrees(self, token: Path, content: Path) -> bool:
        """Whether openssl itself verifies a stamp over a file."""
        command = ["ts", "-verify", "-in", token, "-data", content, "-CAfile", self.root]
        return self._run(*command, check=False).returncode == 0

    @staticmethod
    def _run(*arguments: object, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        assert OPENSSL is not None
        return subprocess.run([OPENSSL, *map(str, arguments)], check=check, capture_output=True)


@contextmanager
def serving(authority: Authority) -> Iterator[str]:
    """Serve the authority; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Stamp."""
            assert self.headers["content-type"] == "application/timestamp-query"
            content = authority.answer(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
