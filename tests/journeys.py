"""Subjects made by performing steps, so that no test stands in an impossible state."""

from datetime import timedelta
from typing import Any

from shared.identity import Principal
from tests.desk import Desk, officer
from tests.stages import stage

CITY = "320500"
EEA, PSB, PRO = f"eea-{CITY}", f"psb-{CITY}", f"pro-{CITY}"
OFFICER = officer(EEA, "clue_officer", "case_officer")
HEAD = officer(EEA, "agency_head")
POLICE = officer(PSB, "liaison")
PROSECUTOR = officer(PRO, "liaison")
FACTS: dict[str, Any] = {
    "conduct": {"value": "dump"},
    "illegal": {"value": True},
    "hazardous_waste_mass": {"value": 5.2, "unit": "tonne"},
}
INSPECTION = {
    "inspectors": ["张甲", "李乙"],
    "officer_certificates": ["苏环执001", "苏环执002"],
    "inspection_record": "现场检查笔录：夜间偷排",
}
INTENDED = {"intended_penalty": "超标排放，拟罚款", "intended_kind": "fine", "is_hearing_offered": False}
LETTER = {
    "transferring_agency": "苏州市生态环境局",
    "suspected_offence": "污染环境罪",
    "main_basis": "刑法第三百三十八条",
    "case_handlers": "张甲、李乙",
    "contact": "0512-00000000",
    "materials_list_attached": True,
    "official_seal": True,
}
REPORT = {
    "case_source": "模型线索",
    "discovery": "现场检查查获",
    "suspect_info": "示例化工有限公司",
    "facts": "非法倾倒危险废物5.2吨",
    "evidence": "笔录、照片、监测报告",
    "legal_basis": "刑法第三百三十八条",
    "proposal": "移送公安机关",
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "crim_transfer_letter": LETTER,
    "crim_materials_list": {},
    "crim_investigation_report": REPORT,
    "crim_records": {},
    "crim_item_list": {
        "item_name": "废液桶",
        "quantity": "26",
        "features": "蓝色200升",
        "storage_place": "暂存库",
        "source_materials_attached": True,
    },
    "crim_photos_av": {
        "fact_to_prove": "倾倒现场",
        "photographer": "张甲",
        "taken_at": "2026-09-03T10:00:00+08:00",
        "taken_place": "示例化工厂区",
    },
}


def receive_clue(desk: Desk, **changes: Any) -> Any:
    """Report a clue and return it."""
    body = {
        "title": "NOx 陡降后低位维持",
        "summary": "三日中位数下降六成，生产负荷未降",
        "source": "rule",
        "enterprise_id": "ENT-1",
        "enterprise_name": "示例化工有限公司",
        "division": CITY,
        "outlet_id": "DA001",
        "pollutant": "NOx",
        "rule_id": "R01",
        "rule_version": "1",
        "discovered_at": (desk.clock.now - timedelta(hours=1)).isoformat(),
    }
    return desk.post(OFFICER, "/v1/clues", body | changes, expect=201)


@stage
def accepted_clue(desk: Desk) -> Any:
    """Take a clue through verification to its acceptance."""
    clue = receive_clue(desk)
    path = f"/v1/clues/{clue['id']}"
    desk.attach(OFFICER, path, "clue_slice", b"hour,value\n0,80\n1,30\n")
    desk.post(OFFICER, f"{path}/assign", {"assigned_to": OFFICER.actor})
    desk.post(OFFICER, f"{path}/verify", {"result": "confirmed", "findings": "比对生产台账属实"})
    desk.post(HEAD, f"{path}/review", {"review_opinion": "同意核查结果"})
    return desk.post(OFFICER, f"{path}/accept", {"note": "立案调查"})


@stage
def opened_case(desk: Desk) -> Any:
    """Let the case room open a case from an accepted clue, and return the case."""
    accepted_clue(desk)
    desk.drain()
    return desk.get(OFFICER, "/v1/cases")["items"][0]


@stage
def filed_case(desk: Desk) -> Any:
    """File a case, with two officers and their certificates."""
    case = opened_case(desk)
    body: dict[str, Any] = {"case_no": "苏环立〔2026〕1号", "officers": ["张甲", "李乙"]}
    body["officer_certificates"] = INSPECTION["officer_certificates"]
    return desk.post(HEAD, f"/v1/cases/{case['id']}/file", body)


def take_case(desk: Desk, who: Principal, case: Any, step: str, *, expect: int = 200, **stated: Any) -> Any:
    """Take a step of a case by its id in the catalogue."""
    return desk.post(who, f"/v1/cases/{case['id']}/steps/{step}", {"stated": stated}, expect=expect)


def informed_case(desk: Desk, case: Any) -> Any:
    """Tell the party of a concluded case what is intended; no hearing is to be offered."""
    at = desk.clock.now.isoformat()
    return take_case(desk, OFFICER, case, "inform", informed_at=at, **INTENDED)


@stage
def referral_requested(desk: Desk) -> Any:
    """Ask for a referral and return the drafted referral."""
    case = filed_case(desk)
    path = f"/v1/cases/{case['id']}"
    item = desk.attach(OFFICER, path, "crim_records", "现场检查笔录".encode())
    facts = {name: fact | {"evidence": [item["id"]]} for name, fact in FACTS.items()}
    desk.post(OFFICER, f"{path}/record", {"facts": facts, "conduct_on": "2026-09-01"})
    desk.post(OFFICER, f"{path}/refer", {"suspected_offence": "污染环境罪"})
    desk.drain()
    return desk.get(OFFICER, "/v1/referrals")["items"][0]


@stage
def approved_referral(desk: Desk) -> Any:
    """Report and approve a referral."""
    referral = referral_requested(desk)
    path = f"/v1/referrals/{referral['id']}"
    desk.attach(OFFICER, path, "crim_task_force", "专案组".encode(), officers=["张甲", "李乙"])
    report = {"report_received_at": desk.clock.now.isoformat(), "decision": "批准", "approver": "王局"}
    report["decision_at"] = desk.clock.now.isoformat()
    desk.attach(OFFICER, path, "crim_internal_report", "移送报告".encode(), **report)
    desk.post(OFFICER, f"{path}/submit-report", {"procedure_lawful": True, "evidence_lawful": True})
    return desk.post(HEAD, f"{path}/approve", {})


@stage
def sent_referral(desk: Desk) -> Any:
    """Hand a referral over with every document."""
    referral = approved_referral(desk)
    path = f"/v1/referrals/{referral['id']}"
    for document, details in DOCUMENTS.items():
        desk.attach(OFFICER, path, document, document.encode(), **details)
    desk.clock.advance(hours=2)
    sent = desk.post(OFFICER, f"{path}/send", {"letter_number": "苏环移〔2026〕1号"})
    desk.drain()
    return sent


@stage
def receipted_referral(desk: Desk) -> Any:
    """Let the police issue their receipt and the procuratorate acknowledge its copy."""
    sent = sent_referral(desk)
    path = f"/v1/referrals/{sent['id']}"
    desk.clock.advance(hours=1)
    at = desk.clock.now.isoformat()
    receipt = {"receipt_number": "苏公受〔2026〕1号", "accepted_at": at, "manifest_digest": sent["sent_manifest"]}
    answered = desk.post(POLICE, f"{path}/receipt", receipt)
    desk.post(PROSECUTOR, f"{path}/acknowledge-copy", {"acknowledged_at": at})
    desk.drain()
    return answered
