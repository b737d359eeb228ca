"""What a file really is, by its content, and whether it may serve as evidence."""

import puremagic

from shared.errors import MediaTypeRefused, Text

ALLOWED = frozenset(
    {
        "application/json",
        "application/msword",
        "application/pdf",
        "application/vnd.apache.parquet",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/zip",
        "audio/mpeg",
        "audio/mp4",
        "audio/wav",
        "image/bmp",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/svg+xml",
        "image/tiff",
        "image/webp",
        "text/csv",
        "text/plain",
        "video/mp4",
        "video/quicktime",
        "video/x-msvideo",
    }
)
SAME = {
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "image/x-ms-bmp": "image/bmp",
    "application/x-zip-compressed": "application/zip",
    "text/xml": "image/svg+xml",
    "video/avi": "video/x-msvideo",
}
TEXTUAL = frozenset({"text/plain", "text/csv", "application/json", "image/svg+xml"})
OFFICE_IN_ZIP = "application/vnd.openxmlformats"
HEAD_BYTES = 8192


def media_type(head: bytes, declared: str) -> str:
    """Return the media type of content from its first bytes, trusting `declared` only where content cannot tell.

    Raises MediaTypeRefused for types that are not evidence (programs, archives of unknown kind, web pages).
    """
    said = declared.partition(";")[0].strip().lower()
    if head.startswith(b"PAR1"):
        return "application/vnd.apache.parquet"
    if _is_text(head):
        found = said if said in TEXTUAL else "text/plain"
        if head.lstrip()[:5].lower() == b"<svg " or b"<svg" in head[:1000].lower():
            found = "image/svg+xml"
        if b"<html" in head[:1000].lower() or b"<script" in head.lower():
            raise _refused("text/html")
        return found
    found = _sniffed(head)
    if found == "application/zip" and said.startswith(OFFICE_IN_ZIP):
        found = said
    if found not in ALLOWED:
        raise _refused(found or said or "application/octet-stream")
    return found


def _sniffed(head: bytes) -> str:
    try:
        candidates = puremagic.magic_string(head)
    except puremagic.PureError:
        return ""
    names = [SAME.get(match.mime_type, match.mime_type) for match in candidates]
    return next((name for name in names if name), "")


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as broken:
        return broken.start >= len(head) - 3 > 0
    return True


def _refused(found: str) -> MediaTypeRefused:
    text = Text(f"不接受 {found} 类型的文件作为证据", f"Files of type {found} are not taken as evidence")
    return MediaTypeRefused(text, allowed=sorted(ALLOWED))
