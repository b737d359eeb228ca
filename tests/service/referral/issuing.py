"""Issue documents about a referral and read what they say."""

import io
import json
from typing import Any

from pypdf import PdfReader

from shared.identity import Principal
from tests.desk import Desk
from tests.journeys import OFFICER
from tests.service.referral.walking import path

LETTER = {"contact": "0512-00000000", "official_seal": True}
ITEMS = {"item_name": "废液桶", "quantity": "26只", "features": "蓝色，200升", "storage_place": "示例暂存库"}
REPORT = {
    "case_source": "模型线索",
    "discovery": "现场检查查获",
    "proposal": ["移送公安机关", "依据国务院令第310号第三条"],
}


def issue(desk: Desk, referral: Any, kind: str, who: Principal = OFFICER, *, expect: int = 201, **body: Any) -> Any:
    """Issue a document about a referral."""
    return desk.post(who, path(referral, "documents"), {"kind": kind} | body, expect=expect)


def content(desk: Desk, who: Principal, referral: Any, item: str) -> bytes:
    """Open an item through the evidence route."""
    answer = desk.call(who, "GET", f"{path(referral)}/evidence/{item}/content")
    assert answer.status_code == 200, answer.text
    return answer.content


def said(content: bytes) -> str:
    """The text of a PDF, without blanks."""
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def entries(desk: Desk, referral: Any, kind: str) -> list[Any]:
    """The data of a referral's journal entries of a type."""
    listed = desk.get(OFFICER, f"{path(referral)}/journal", params={"limit": 200})["items"]
    return [json.loads(entry["body"])["data"] for entry in listed if entry["type"] == kind]
