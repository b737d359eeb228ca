"""What the demo's officers write: invented names and numbers, the documents the law asks for."""

from typing import Any

ENTERPRISE = "示例热电有限公司（虚构）"
REVIEW = "同意核查结果，建议采纳"
FINDINGS = "调取设备日志，与备案参数比对：分析仪斜率被修改，同期生产负荷未下降。"
SITE_RECORD = "现场检查（勘察）笔录（演示）：自动监测设备参数被修改，致氮氧化物数据下降。".encode()
TASK_FORCE = "专案组：张甲、李乙（演示）".encode()
INTERNAL_REPORT = "关于移送涉嫌环境犯罪案件的书面报告（演示）".encode()
PARAMETER_LOG = "监测设备参数修改日志（演示）：斜率 1.00 → 0.40".encode()
JUDGEMENT = "法制审核意见（演示）：经核对2026年修正解释的官方文本，认为符合第一条第（七）项。".encode()
HANDOVER = "涉案物品交接清单（演示）".encode()
FACTS: dict[str, dict[str, Any]] = {
    "actor_permit_class": {"value": "pollution_permit_key_management_unit_personnel"},
    "conduct": {"value": "tamper_auto_monitoring_data"},
    "discharged_pollutant": {"value": "NOx"},
    "manual_legal_judgement": {"value": ["crim338_auto_monitoring_falsification"]},
}
NAMES = {
    "crim_records": "现场检查笔录",
    "crim_task_force": "专案组",
    "crim_internal_report": "移送书面报告",
    "crim_transfer_letter": "案件移送书",
    "crim_materials_list": "移送材料清单",
    "crim_investigation_report": "案件调查报告",
    "crim_item_list": "涉案物品清单",
    "crim_photos_av": "现场照片说明",
    "crim_other": "参数修改日志",
    "crim_post_filing_items": "物品交接",
}
DOCUMENTS: dict[str, dict[str, Any]] = {
    "crim_transfer_letter": {
        "transferring_agency": "苏州市生态环境局（演示）",
        "suspected_offence": "污染环境罪",
        "main_basis": "刑法第三百三十八条；环境污染刑事解释第一条第（七）项",
        "case_handlers": "张甲、李乙",
        "contact": "0512-00000000",
        "materials_list_attached": True,
        "official_seal": True,
    },
    "crim_materials_list": {},
    "crim_investigation_report": {
        "case_source": "数据模型线索 R01",
        "discovery": "调取日志、现场比对",
        "suspect_info": ENTERPRISE,
        "facts": "篡改自动监测数据",
        "evidence": "笔录、日志、数据切片",
        "legal_basis": "刑法第三百三十八条",
        "proposal": "移送公安机关",
    },
    "crim_item_list": {
        "item_name": "数据采集仪",
        "quantity": "1台",
        "features": "编号 DEMO-0001",
        "storage_place": "市局暂存库",
        "source_materials_attached": True,
    },
    "crim_photos_av": {
        "fact_to_prove": "参数设置界面",
        "photographer": "张甲",
        "taken_at": "2026-11-20T10:00:00+08:00",
        "taken_place": "示例热电监测站房",
    },
}


def outlet(mn: str, outlet_id: str, limit: float, full_scale: float) -> dict[str, Any]:
    """Return the registration of one of the demo's outlets."""
    return {
        "mn": mn,
        "enterprise_id": f"DEMO-{outlet_id[-5:]}",
        "enterprise_name": ENTERPRISE,
        "division": "320500",
        "medium": "gas",
        "kind": "cont",
        "industry": "thermal_power",
        "std_o2": 15.0,
        "limits": [{"pollutant": "NOx", "limit": limit, "full_scale": full_scale}],
    }
