"""Asking an RFC 3161 authority for a time stamp over HTTP."""

from collections.abc import Callable

import httpx
import structlog

from shared.config import Settings
from shared.dossier.stamps import ANSWER_TYPE, REQUEST_TYPE, StampRefused, accepted, request_over

SECONDS = 10.0
log = structlog.get_logger()


class NoStamp(RuntimeError):
    """The authority could not be reached, or its answer is no stamp over what was asked."""


def stamped(content: bytes, url: str) -> bytes:
    """Return an authority's stamp over some bytes, as it came (DER). Raises NoStamp."""
    headers = {"content-type": REQUEST_TYPE, "accept": ANSWER_TYPE}
    try:
        answer = httpx.post(url, content=request_over(content), headers=headers, timeout=SECONDS)
        answer.raise_for_status()
        return accepted(answer.content, content)
    except (httpx.HTTPError, StampRefused) as refused:
        raise NoStamp(f"{type(refused).__name__}: {refused}") from refused


def stamper(settings: Settings) -> Callable[[bytes], bytes | None] | None:
    """Return what stamps a dossier where an authority is configured; one that does not answer stops nothing."""
    if not settings.tsa_url:
        return None

    def stamp(content: bytes) -> bytes | None:
        try:
            return stamped(content, settings.tsa_url)
        except NoStamp as refused:
            log.warning("stamp.missing", authority=settings.tsa_url, why=str(refused))
            return None

    return stamp
