"""Documents of every kind, and what is written on them."""

import io
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import docx
from pypdf import PdfReader

from shared.clock import ZONE
from shared.rules import document_kinds
from shared.rules.document_kinds import DocumentKind

AT = datetime(2026, 9, 3, 15, 30, 1, 123456, tzinfo=ZONE)
KINDS = document_kinds.default()
EVERY = [kind.id for kind in KINDS.on(AT.date())]
NAMES = {
    "ecological_environment_authority": "苏州市生态环境局",
    "public_security_organ": "苏州市公安局",
    "people_procuratorate": "苏州市人民检察院",
}


def examples(kind: DocumentKind) -> dict[str, Any]:
    """What an example of a kind is told."""
    return {
        "agency": NAMES[kind.made_by[0].agency_kind or ""],
        "addressee": NAMES.get(kind.addressee, ""),
        "copies": [NAMES[copied] for copied in kind.copies],
        "number": f"苏州{kind.symbol}〔2026〕12号",
        "issued_on": "2026-09-03",
        "fields": {wanted.id: wanted.example for wanted in kind.fields},
    }


def texts(value: Any) -> list[str]:
    """Every text in an example, as a document shows it; confirmations and days apart."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    return [text for part in value for text in texts(part)] if isinstance(value, list) else []


def pdf_text(content: bytes) -> str:
    """The text of a PDF without blanks and line ends, which depend on the page."""
    return squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages))


def poppler_text(content: bytes, folder: Path) -> str | None:
    """The text as pdftotext finds it, or None where that program is not installed."""
    program = shutil.which("pdftotext")
    if program is None:
        return None
    path = folder / "paper.pdf"
    path.write_bytes(content)
    command = [program, "-raw", str(path), "-"]
    return squeezed(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def docx_text(content: bytes) -> str:
    """The text of a .docx: paragraphs and tables, in order, without blanks."""
    body = docx.Document(io.BytesIO(content)).element.body
    return squeezed("".join(str(node.text) for node in body.iter() if node.tag.endswith("}t") and node.text))


def squeezed(text: str) -> str:
    """A text without blanks, line ends and the numbers of pages."""
    return "".join(text.replace("\u200b", "").split())
