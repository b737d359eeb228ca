"""The settings of a process: typed, prefixed, built once in `main` and passed down."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-never-in-production"


class Settings(BaseSettings):
    """What every process of the desk is told. Environment names carry the prefix `LIANQIN_`.

    Development needs no setting at all; with `LIANQIN_ENVIRONMENT=production` a default secret is refused at start.
    """

    model_config = SettingsConfigDict(env_prefix="LIANQIN_", env_file=None, extra="ignore")

    environment: str = "development"
    """`development`, or `production`, which refuses unsafe settings at start."""
    folder: Path = Path("var")
    """Where SQLite files, blobs, series and logs lie."""
    law_folder: Path | None = None
    """Folder of an imported catalogue (`lianqin law import`); empty: the law that travels with the project."""
    document_fonts: Path | None = None
    """Folder with an agency's licensed fonts (仿宋, 小标宋 …) for PDF documents; unset: Noto alone."""
    database_server: str = ""
    """PostgreSQL server as `postgresql://user:password@host:port`; empty: SQLite files in `folder`."""
    database_prefix: str = "lianqin_"
    """Name of a room's database on the server: prefix + room."""
    internal_secret: str = DEVELOPMENT_SECRET
    """Signs identities and events between the gateway and the rooms."""
    listen_host: str = "127.0.0.1"
    """The address a room listens on; behind a container network 0.0.0.0."""
    clue_url: str = "http://127.0.0.1:8101"
    """Where the clue room is reached; it serves on this port."""
    case_url: str = "http://127.0.0.1:8102"
    """Where the case room is reached; it serves on this port."""
    referral_url: str = "http://127.0.0.1:8103"
    """Where the referral room is reached; it serves on this port."""
    gateway_url: str = "http://127.0.0.1:8100"
    """Where the gateway is reached; it serves on this port."""
    poll_seconds: float = 0.25
    """How long a worker rests when nothing is due."""
    lease_seconds: float = 30.0
    """How long a claimed delivery belongs to one worker."""
    blobs: str = ""
    """Where evidence bytes lie: empty: in `folder`; `s3://bucket/prefix`: in an S3-compatible store (extra `s3`)."""
    s3_endpoint: str = ""
    """Address of an S3-compatible store such as `https://minio.example:9000`; empty: Amazon's."""
    s3_region: str = "us-east-1"
    """Region of the bucket; most compatible stores take any."""
    s3_access_key: str = ""
    """Access key of the bucket; empty: what the machine itself is granted."""
    s3_secret_key: str = ""
    """Secret key of the bucket."""
    reverify_seconds: float = 7 * 86_400.0
    """How long evidence rests before its bytes are verified again by the schedule; 0: never by the schedule."""
    reverify_bytes: int = 256 * 1024**2
    """How many bytes one run of the schedule verifies, at least one item."""
    evidence_limit_bytes: int = 4 * 1024**3
    """Largest file of evidence or of an import, in bytes."""
    body_limit_bytes: int = 1024 * 1024
    """Largest body of any other request, in bytes."""
    hj212_host: str = "127.0.0.1"
    """Address on which HJ 212 devices are taken over TCP."""
    hj212_port: int = 8212
    """Port on which HJ 212 devices are taken over TCP."""
    real_time_days: int = Field(default=30, ge=0)
    """How many days real-time HJ 212 data (CN 2011) are kept after they came; 0: without end, as all other data."""
    detect_seconds: float = 60.0
    """How long the clue worker rests before it looks again whose turn it is; 0: it runs no rules."""
    rules_owner: str = "eea-320000"
    """The bureau that decides on the built-in detection rules: which set is in force, observed or retired."""
    inspection_days: int = 31
    """How many days one approved inspection of an enterprise may span; the desk's own setting, no rule of law."""
    smtp_host: str = ""
    """Mail server for notices; empty: mail is not sent, notices stay in the desk's inbox."""
    smtp_port: int = 25
    """Port of the mail server."""
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    """How the connection to the mail server is protected."""
    smtp_user: str = ""
    """Login at the mail server; empty: none."""
    smtp_password: str = ""
    """Password at the mail server."""
    trust_proxy: bool = False
    """Believe X-Forwarded-For from a proxy on the same machine; only behind one that sets it."""
    smtp_from: str = "desk@lianqin.invalid"
    """Sender of mailed notices."""
    notice_urgent_minutes: float = 10.0
    """How long an urgent notice may be under way on one channel before the next one is used, in minutes."""
    notice_other_hours: float = 4.0
    """How long any other notice may be under way on one channel before the next one is used, in hours."""
    requests_per_minute: int = 600
    """How many requests one client or person may make a minute at the gateway."""
    secure_cookies: bool = False
    """Send the console's cookie over HTTPS only; required in production."""
    keys_folder: Path | None = None
    """Where the agencies' signing keys lie, private ones sealed; unset: `keys` in `folder`."""
    sealed_agencies: str = ""
    """Agencies reached by sealed file: `agency` or `agency@outbox`, comma-separated; one outbox is one desk."""
    sealed_folder: Path | None = None
    """Where sealed files go out and come in (`outbox`, `inbox`, `quarantine`, `done`); unset: `sealed` in `folder`."""
    sealed_limit_bytes: int = 64 * 1024**3
    """Largest sealed file that is taken, in bytes."""
    desk_agency: str = ""
    """The agency that runs this desk: signs the daily checkpoints, which go to its superior; unset: `desk` signs."""
    tsa_url: str = ""
    """RFC 3161 time stamp authority for dossiers and checkpoints; unset: no stamps."""
    tsa_roots: Path | None = None
    """PEM file with the root certificates of time stamp authorities to believe."""

    @model_validator(mode="after")
    def _refuse_defaults_in_production(self) -> Self:
        if self.environment != "production":
            return self
        if self.internal_secret == DEVELOPMENT_SECRET or len(self.internal_secret) < 32:
            raise ValueError("production needs LIANQIN_INTERNAL_SECRET of at least 32 characters of its own")
        if not self.database_server:
            raise ValueError("production needs LIANQIN_DATABASE_SERVER (PostgreSQL)")
        if not self.secure_cookies:
            raise ValueError("production needs LIANQIN_SECURE_COOKIES=true behind HTTPS")
        return self

    def database_url(self, room: str) -> str:
        """Return the SQLAlchemy address of a room's database."""
        if not self.database_server:
            return f"sqlite:///{self.folder / f'{room}.db'}"
        parts = urlsplit(self.database_server)
        query = f"?{parts.query}" if parts.query else ""
        return f"postgresql+psycopg://{parts.netloc}/{self.database_prefix}{room}{query}"

    @property
    def sealed_routes(self) -> dict[str, str]:
        """Return agency -> outbox of the agencies reached by sealed file."""
        named = (part.strip().partition("@") for part in self.sealed_agencies.split(",") if part.strip())
        return {agency: outbox or agency for agency, _, outbox in named}

    @property
    def keys_path(self) -> Path:
        """Return where the agencies' keys lie."""
        return self.keys_folder or self.folder / "keys"

    @property
    def sealed_path(self) -> Path:
        """Return where sealed files go out and come in."""
        return self.sealed_folder or self.folder / "sealed"

    def room_url(self, room: str) -> str:
        """Return the base address of a room."""
        return {
            "clue": self.clue_url,
            "case": self.case_url,
            "referral": self.referral_url,
            "gateway": self.gateway_url,
        }[room].rstrip("/")
