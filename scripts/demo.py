"""The demo: a real signal becomes a clue, a case, a criminal referral, a receipt and a decision, on the clock.

Every call goes through the gateway's public API. Each leg may be repeated: what was done before is found again, so
any process of the desk may be killed at any moment and the journey still completes.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
from lianqin_client import Officer, Refused

from scripts import demo_texts as texts
from services.clue_service.demo_data import demo as signal
from shared.clock import ZONE

PATIENCE_SECONDS = 90.0
PASSING = (429, 502, 503, 504)
Say = Callable[[str, dict[str, Any] | None], None]


class Stuck(RuntimeError):
    """A leg did not complete in time."""


@dataclass(slots=True)
class Journey:
    """One journey through the desk; `say` prints a leg with its clocks, `between` is called
    before each, `tending` while it waits."""

    gateway_url: str
    passwords: dict[str, str]
    say: Say
    between: Callable[[str], None] = lambda _leg: None
    tending: Callable[[], object] = lambda: None
    tag: str = ""
    ends_at: datetime | None = None
    """The last hour of the data; a journey that goes on must name the one it began with."""
    officers: dict[str, Officer] = field(default_factory=dict)
    clue: str = ""
    case: str = ""
    referral: str = ""

    def play(self) -> dict[str, Any]:
        """Play every leg and return the referral as it ended."""
        legs = (
            ("0", self.register),
            ("0", self.measure),
            ("0", self.detect),
            ("1", self.verify_clue),
            ("2", self.accept_clue),
            ("3", self.file_case),
            ("4", self.record_facts),
            ("5", self.ask_for_referral),
            ("5", self.approve_referral),
            ("6", self.send_dossier),
            ("7", self.await_receipt),
            ("9", self.supply),
            ("10", self.await_decision),
            ("10", self.hand_over_items),
        )
        for number, leg in legs:
            self.between(leg.__name__)
            words, path = leg()
            self.say(f"{number:>2}  {words}", self.clocks(path) if path else None)
        found: dict[str, Any] = self.try_until(lambda: self.as_("zhang").get(self.referral))
        return found

    def close(self) -> None:
        """Give the officers' connections back."""
        for one in self.officers.values():
            one.close()
        self.officers.clear()

    def as_(self, login: str) -> Officer:
        """Return an officer, signed in."""
        if login not in self.officers:
            self.officers[login] = Officer(self.gateway_url, login, self.passwords[login])
        return self.officers[login]

    def try_until(self, action: Callable[[], Any], accept: Callable[[Any], bool] = bool) -> Any:
        """Repeat an action until it is answered acceptably. Raises Stuck when it takes too long."""
        give_up, last = time.monotonic() + PATIENCE_SECONDS, "no answer"
        while time.monotonic() < give_up:
            try:
                answer = action()
            except httpx.TransportError as down:
                last = repr(down)
            except Refused as refused:
                if refused.status not in PASSING:
                    raise
                last = str(refused)
            else:
                if accept(answer):
                    return answer
                last = f"not yet: {str(answer)[:200]}"
            self.tending()
            time.sleep(0.2)
        raise Stuck(last)

    def step(self, login: str, path: str, name: str, body: dict[str, Any]) -> Any:
        """Take a step once: the same leg always uses the same idempotency key."""
        key = f"demo{self.tag}:{path}:{name}"
        try:
            return self.try_until(lambda: self.as_(login).post(f"{path}/{name}", body, key=key))
        except Refused as refused:
            if refused.problem.get("code") != "key-reused":
                raise
            return self.try_until(lambda: self.as_(login).get(path))  # taken before, with another time in its body

    def attach(self, path: str, document: str, content: bytes, **details: Any) -> Any:
        """Attach an item unless the same one is there already."""
        digest, zhang = hashlib.sha256(content).hexdigest(), "zhang"

        def once() -> Any:
            held = self.as_(zhang).get(f"{path}/evidence")["items"]
            same = [item for item in held if (item["sha256"], item["document"]) == (digest, document)]
            name = f"{texts.NAMES[document]}.txt"
            return same[0] if same else self.as_(zhang).attach(path, document, name, content, "text/plain", **details)

        return self.try_until(once)

    def clocks(self, path: str) -> dict[str, Any]:
        """Return the clocks of a subject, for printing."""
        found: dict[str, Any] = self.try_until(lambda: self.as_("zhang").get(f"{path}/deadlines"))
        return found

    def register(self) -> tuple[str, str]:
        """Register the two outlets of the demo with their devices and limits."""
        for mn, outlet in signal.OUTLETS.items():
            body = texts.outlet(mn, outlet, signal.LIMIT, signal.FULL_SCALE)
            self.try_until(partial(self._put, f"/v1/outlets/{outlet}", body))
        return "两个排放口登记 · two outlets registered", ""

    def measure(self) -> tuple[str, str]:
        """Send 45 days of real hourly data as HJ 212 messages, and the electricity of the same hours."""
        start = (self.ends_at or newest_hour(datetime.now(ZONE))) - timedelta(hours=signal.series().height - 1)
        frames = signal.scenario(start)
        counted = {"stored": 0, "duplicates": 0}
        for first in range(0, len(frames), 400):
            body = b"".join(frames[first : first + 400])
            answer = self.try_until(partial(self._post_raw, "/v1/hj212/messages", body, "text/plain"))
            counted = {name: counted[name] + answer[name] for name in counted}
        power = signal.power(start).with_columns(pollutant=_nox()).write_csv().encode()
        self.try_until(lambda: self._post_raw("/v1/imports/obs_hour", power, "text/csv"))
        words = f"{len(frames)} 条 HJ 212 报文、{counted['stored']} 行小时数据入库"
        return f"{words} · {len(frames)} HJ 212 messages stored as hourly series", ""

    def _put(self, path: str, body: dict[str, Any]) -> Any:
        return self.as_("zhang").put(path, body)

    def _post_raw(self, path: str, content: bytes, media_type: str) -> Any:
        headers = {"content-type": media_type}
        return self.as_("zhang").call("POST", path, content=content, headers=headers).json()

    def detect(self) -> tuple[str, str]:
        """Run the rules: one of the two outlets gives a clue."""
        self.try_until(lambda: self.as_("zhang").post("/v1/detections", {}))
        found = self.try_until(lambda: self.as_("zhang").get("/v1/clues")["items"])
        clue = next(one for one in found if one["outlet_id"] == signal.DROPPED)
        self.clue = f"/v1/clues/{clue['id']}"
        rule = f"{clue['rule_id']} v{clue['rule_version']}"
        return f"规则 {rule} 命中：{clue['title']}（{clue['score']:.0f} 分）· a rule found a clue", self.clue

    def verify_clue(self) -> tuple[str, str]:
        """Assign and verify the clue; a second person reviews it."""
        self.step("zhang", self.clue, "assign", {"assigned_to": "zhang"})
        self.step("zhang", self.clue, "verify", {"result": "confirmed", "findings": texts.FINDINGS})
        self.step("wang", self.clue, "review", {"review_opinion": texts.REVIEW})
        return "线索核实属实 · the clue is confirmed", self.clue

    def accept_clue(self) -> tuple[str, str]:
        """Accept the clue and wait for the case room to open a case."""
        self.step("zhang", self.clue, "accept", {"note": "立案调查"})
        clue = self.try_until(lambda: self.as_("zhang").get(self.clue), lambda one: one["case_ref"])
        self.case = f"/v1/cases/{clue['case_ref'].partition(':')[2]}"
        return "案件室建立案件 · the case room opened a case", self.case

    def file_case(self) -> tuple[str, str]:
        """File the case."""
        body = {"case_no": f"苏环立〔{datetime.now(ZONE):%Y}〕演示{self.tag}号", "officers": ["张甲", "李乙"]}
        self.step("wang", self.case, "file", body)
        return "负责人决定立案 · the head filed the case", self.case

    def record_facts(self) -> tuple[str, str]:
        """Record the facts, tied to the evidence that supports them."""
        item = self.attach(self.case, "crim_records", texts.SITE_RECORD)
        judged = self.attach(self.case, "crim_other", texts.JUDGEMENT)
        rests_on = {"manual_legal_judgement": [item["id"], judged["id"]]}
        facts = {name: fact | {"evidence": rests_on.get(name, [item["id"]])} for name, fact in texts.FACTS.items()}
        conduct_on = (datetime.now(ZONE) - timedelta(days=2)).date().isoformat()
        self.step("zhang", self.case, "record", {"facts": facts, "conduct_on": conduct_on})
        verdicts = self.try_until(lambda: self.as_("zhang").get(f"{self.case}/verdicts"))
        met = [one["standard_id"] for one in verdicts if one["outcome"] == "met"]
        return f"移送标准已达到：{', '.join(met)} · transfer standards met", self.case

    def ask_for_referral(self) -> tuple[str, str]:
        """Ask for the referral and wait for its draft."""
        self.step("zhang", self.case, "refer", {"suspected_offence": "污染环境罪"})
        case = self.try_until(lambda: self.as_("zhang").get(self.case), lambda one: one["referral_ref"])
        self.referral = f"/v1/referrals/{case['referral_ref'].partition(':')[2]}"
        return "移送室起草移送 · the referral room drafted the referral", self.referral

    def approve_referral(self) -> tuple[str, str]:
        """Submit the report and have the head approve."""
        now = datetime.now(UTC).isoformat(timespec="minutes")
        report = {"report_received_at": now, "decision": "批准", "decision_at": now, "approver": "王局"}
        self.attach(self.referral, "crim_task_force", texts.TASK_FORCE, officers=["张甲", "李乙"])
        self.attach(self.referral, "crim_internal_report", texts.INTERNAL_REPORT, **report)
        lawful = {"procedure_lawful": True, "evidence_lawful": True}
        self.step("zhang", self.referral, "submit-report", lawful)
        self.step("wang", self.referral, "approve", {})
        return "负责人批准移送，24小时起算 · approved: 24 hours run", self.referral

    def send_dossier(self) -> tuple[str, str]:
        """Attach what the law asks for, and send."""
        for document, details in texts.DOCUMENTS.items():
            self.attach(self.referral, document, f"{texts.NAMES[document]}{self.tag}".encode(), **details)
        number = f"苏环移〔{datetime.now(ZONE):%Y}〕演示{self.tag}号"
        self.step("zhang", self.referral, "send", {"letter_number": number})
        return "移交公安并抄送检察院 · handed to the police, copied to the procuratorate", self.referral

    def await_receipt(self) -> tuple[str, str]:
        """Wait for the partner's receipt, the copy's acknowledgement and the request for a supplement."""
        passed = ("supplementary_investigation_by_agency", "accepted", "filed", "items_handed_over")
        found = self.try_until(
            lambda: self.as_("zhang").get(self.referral),
            lambda one: one["state"] in passed and one["requested"] and one["acknowledged_at"] is not None,
        )
        words = f"公安回执 {found['receipt_number']}，要求补充：{found['requested']}"
        return f"{words} · the police sent their receipt and ask for more", self.referral

    def supply(self) -> tuple[str, str]:
        """Attach the supplement to the case and pass it on, once the case knows of the request."""
        self.try_until(lambda: self.as_("zhang").get(self.case), lambda one: one["requested"] is not None)
        self.attach(self.case, "crim_other", texts.PARAMETER_LOG)
        self.step("zhang", self.case, "supplement", {"note": "补充监测设备参数修改日志"})
        return "补充证据已提交 · the supplement was given", self.case

    def await_decision(self) -> tuple[str, str]:
        """Wait for the police to file, and for the case to hear of it."""
        found = self.try_until(lambda: self.as_("zhang").get(self.referral), lambda one: one["outcome"] == "filed")
        self.try_until(lambda: self.as_("zhang").get(self.case), lambda one: one["state"] == "with_police")
        return f"公安立案 {found['decision_number']} · the police filed the case", self.case

    def hand_over_items(self) -> tuple[str, str]:
        """Hand over the items and enter the platform."""
        at = datetime.now(UTC).isoformat(timespec="minutes")
        self.attach(self.referral, "crim_post_filing_items", texts.HANDOVER, handover_record="已办理交接", handed_at=at)
        self.step("zhang", self.referral, "record-platform-entry", {"platform_entry_number": f"PT-{self.tag or '1'}"})
        self.step("zhang", self.referral, "hand-over-items", {"handed_at": at})
        return "涉案物品移交完毕 · the items were handed over", self.referral


def newest_hour(now: datetime) -> datetime:
    """Return the newest hour that devices have surely reported."""
    return now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


def _nox() -> Any:
    import polars

    return polars.lit("NOx")
