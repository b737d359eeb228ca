"""The published API document as the console needs it: which operation takes a step, and the shape of its body."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

from gateway.desk.pages import DOCUMENT

Schema = Mapping[str, Any]

CONFERENCE_STEPS = (
    "change adjourn reconvene cancel accept decline delegate recuse open attend leave opine resolve write_minutes "
    "sign_minutes refuse_minutes add_action report_action finish_action verify_action return_action waive_action close"
)
PATHS: Mapping[str, Mapping[str, str]] = {
    "clues": {
        "assign": "assign",
        "triage": "triage",
        "verify": "verify",
        "review": "review",
        "redirect": "redirect",
        "take_over": "take-over",
        "send_back": "send-back",
        "verify_again": "verify-again",
        "accept": "accept",
        "decline": "decline",
    },
    "complaints": {"reply": "reply", "withdraw": "withdraw", "open_identity": "identity"},
    "cases": {
        "file_case": "file",
        "decline_filing": "decline-filing",
        "extend_filing": "extend-filing",
        "extend_case_limit": "extend-limit",
        "record_investigation": "record",
        "conclude_investigation": "conclude",
        "reopen_investigation": "reopen",
        "resume_administrative_handling": "resume",
        "request_referral": "refer",
        "refer_otherwise": "refer-otherwise",
        "supplement": "supplement",
        "decide": "decide",
        "close": "close",
        "close_no_violation": "close",
        "close_after_judgment": "close",
        "refer_decided_case": "refer-decided",
        "mark_serious": "serious",
        "end_serious": "serious/end",
    },
    "conferences": {name: name.replace("_", "-") for name in CONFERENCE_STEPS.split()},
    "operations": {
        "join": "join",
        "decline": "decline",
        "invite": "invite",
        "list_objects": "objects",
        "check_object": "objects/{number}/checks",
        "set_task": "tasks",
        "report_task": "tasks/{number}/reports",
        "settle_task": "tasks/{number}/settle",
        "report_finding": "findings",
    },
    "linkages": {
        "join": "join",
        "decline": "decline",
        "share_facts": "shared-facts",
        "designate_lead": "lead",
    },
    "referrals": {
        "submit_report": "submit-report",
        "approve": "approve",
        "refuse": "refuse",
        "send": "send",
        "correct": "correct",
        "supply": "supply",
        "supply_further": "supply",
        "hand_over_items": "hand-over-items",
        "request_reconsideration": "request-reconsideration",
        "suggest_supervision": "suggest-supervision",
        "suggest_supervision_overdue": "suggest-supervision",
        "record_platform_entry": "record-platform-entry",
        "close_not_filed": "close-not-filed",
        "record_receipt": "receipt",
        "acknowledge_copy": "acknowledge-copy",
        "request_correction": "request-correction",
        "request_supplement": "request-supplement",
        "extend_filing_clue_check": "extend-clue-check",
        "extend_filing_complex": "extend-complex",
        "file": "file",
        "note_reconsideration_filed": "file",
        "record_supervised_filing": "file",
        "decline_filing": "decline-filing",
        "note_reconsideration_upheld": "decline-filing",
        "notify_filing_decision": "notify",
        "notify_non_filing_decision": "notify",
        "notify_filing_late": "notify",
        "forward": "forward",
        "return_case": "return",
        "record_withdrawal": "withdraw",
        "record_criminal_result": "criminal-result",
        "record_prosecution": "criminal-result",
        "record_non_prosecution": "criminal-result",
        "return_for_investigation": "return-for-investigation",
        "finish_investigation": "finish-investigation",
    },
}
"""Kind of subject, step of its procedure, what follows the subject's id in the address that takes it."""
FIRST = {"clues": "receive", "complaints": "file", "cases": "open_case"}
"""The step by which a subject of a kind comes into being at an officer's hand."""
OF_RULES = frozenset({"rule_id", "rule_version", "score", "score_reasons"})
"""What only a detection rule states of a clue."""


def body_of(kind: str, step: str) -> Schema | None:
    """Return the body schema of a step's operation; None when no published operation takes the step."""
    if step == FIRST.get(kind):
        return _bodies().get((kind, ""))
    path = PATHS.get(kind, {}).get(step)
    return _bodies().get((kind, path)) if path is not None else None


def resolved(schema: Schema) -> Schema:
    """Return a schema with its reference followed and `null` taken out of its alternatives."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        found: Schema = _document()["components"]["schemas"][name]
        return resolved(found)
    rest = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return {**resolved(rest[0]), **{"default": None}} if len(rest) == 1 else schema


@cache
def _document() -> Schema:
    read: Schema = orjson.loads(DOCUMENT.read_bytes())
    return read


@cache
def _bodies() -> Mapping[tuple[str, str], Schema]:
    """Return every body schema by kind and what follows the subject's id (empty: the collection itself)."""
    found: dict[tuple[str, str], Schema] = {}
    for path, item in _document()["paths"].items():
        parts = path.strip("/").split("/")
        if "post" not in item or parts[0] != "v1" or parts[1] not in PATHS or len(parts) == 3:
            continue
        content = item["post"].get("requestBody", {}).get("content", {})
        if "application/json" in content:
            found[(parts[1], "/".join(parts[3:]))] = resolved(content["application/json"]["schema"])
    return found
