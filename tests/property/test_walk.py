"""A machine that walks the real commands at random: the chain, the clocks and the versions stay true whatever comes."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlmodel import col, select

from services.case_service.cases.doors import STEPS as CASE_STEPS
from services.referral_service.referrals.doors import STEPS
from shared.clock import ZONE
from shared.identity import Principal
from shared.records import deadlines
from shared.records.deadlines import Deadline
from shared.rules import catalogue
from shared.rules.procedures import Procedure, Step
from shared.rules.terms import due
from tests import journeys
from tests.desk import Desk, officer

LAW = catalogue.default()
POLICE, CASE = "police_criminal_referral", "administrative_penalty"
DOORS: Mapping[str, Mapping[str, Any]] = {POLICE: STEPS, CASE: CASE_STEPS}
PLURAL = {
    "referral": "referrals",
    "supervision": "supervisions",
    "consultation": "consultations",
    "measure": "measures",
    "case": "cases",
}
NEWEST = [versions[-1] for versions in LAW.procedures.values()]
ALONE = sorted(one.id for one in NEWEST if one.parties and one.subject in PLURAL and one.subject != "measure")
MEASURES = sorted(one.id for one in NEWEST if one.subject == "measure")
ROLES = ("case_officer", "liaison", "agency_head", "legal_reviewer")
DEFAULT_PARTIES = {
    "department_referral": {"receiver": ["wat-320500"]},
    "duty_crime_clue": {"receiver": ["sup-320500"]},
    "consultation": {"receiver": ["psb-320500"]},
    "jurisdiction_transfer": {"receiver": ["eea-320100"]},
    "listed_supervision": {"receiver": ["psb-320500"], "partner": ["pro-320500"]},
}
PREFIX = {kind.id: kind.prefix for kind in LAW.agency_kinds.values()}
FACTS = {name: {"value": True} for name in ("over_packaging", "manual_legal_judgement")}
OF_CASES: Mapping[str, Any] = {
    "officers": ["张甲", "李乙"],
    "facts": journeys.FACTS,
    "finding": "violation",
    "decision": "penalty",
    "result": "penalised",
    "procedure": "market_regulation_referral",
    "is_continuing": False,
}
words = st.sampled_from(["甲", "补充一份说明", "经查属实。"])


def stated_of(name: str) -> Any:
    """Return what a document may state in a field of this name."""
    if name.endswith("_at"):
        return "2026-09-01T09:30:00+08:00"
    return True if name.endswith(("_seal", "_attached", "_kept", "_lawfully")) or name.startswith("is_") else "已载明"


class Walk(RuleBasedStateMachine):
    """One subject and everybody who may touch it."""

    desk: Desk
    procedures: list[str]

    def __init__(self) -> None:
        super().__init__()
        self.plural, self.subject = "referrals", dict[str, Any]()
        self.owner = journeys.OFFICER
        self.number = 0

    @initialize(place=st.integers(0, 100), has_papers=st.integers(0, 4))
    def begin(self, place: int, has_papers: int) -> None:
        """Open a subject, or draft a police referral from a case, mostly with every document."""
        procedure = self.procedures[place % len(self.procedures)]
        if procedure == POLICE:
            journeys.referral_requested(self.desk)
            self.subject = self.desk.get(self.owner, "/v1/referrals?limit=1")["items"][0]
        elif procedure == CASE:
            self.plural, self.owner = "cases", officer(journeys.EEA, *ROLES)
            self.subject = journeys.opened_case(self.desk)
        else:
            self.open(procedure)
        if has_papers:
            self.attach()

    def open(self, procedure: str) -> None:
        """Open a subject of a procedure that is data alone."""
        law = LAW.procedure(procedure)
        self.plural = PLURAL[law.subject]
        first = next(step for step in law.initial_steps if any(actor.relation == "owner" for actor in step.by))
        kind = next(actor.agency_kind for actor in first.by if actor.relation == "owner")
        self.owner = officer(f"{PREFIX[kind or 'ecological_environment_authority']}-320500", *ROLES)
        stated = {name: self.value(name, 1, "甲", 0) for name in first.required_fields}
        body = {"procedure": procedure, "title": "行走", "summary": "随机行走", "division": "320500", "stated": stated}
        body |= {"parties": DEFAULT_PARTIES.get(procedure, {}), "facts": FACTS, "conduct_on": "2026-09-01"}
        if law.subject == "measure":
            self.owner = officer(journeys.EEA, *ROLES)
            body["about"] = journeys.filed_case(self.desk)["ref"]
        self.subject = self.desk.post(self.owner, f"/v1/{self.plural}", body, expect=201)

    def teardown(self) -> None:
        """Let the workers deliver what the walk brought about, the rooms' news to one another too."""
        self.desk.drain(turns=2000)

    @property
    def path(self) -> str:
        """Address of the subject."""
        return f"/v1/{self.plural}/{self.subject['id']}"

    @property
    def law(self) -> Procedure:
        """The procedure the subject keeps."""
        return LAW.procedure_version(self.subject["procedure_id"], self.subject["procedure_version"])

    def value(self, name: str, hours: int, text: str, choice: int) -> Any:
        """Return something a field can state."""
        declared = LAW.step_fields.get(name)
        kind = declared.type if declared else ""
        if self.plural == "cases" and name in OF_CASES:
            return OF_CASES[name]
        if kind in ("day", "lines"):
            return (self.desk.clock.now + timedelta(days=choice)).date().isoformat() if kind == "day" else ["甲", "乙"]
        if kind == "flag":
            return choice > 0
        if name.endswith("_at"):
            return (self.desk.clock.now - timedelta(hours=hours)).isoformat()
        if name == "manifest_digest":
            return self.subject.get("sent_manifest") or "0" * 64
        if kind == "choice" and declared and declared.choices:
            return list(declared.choices)[choice % len(declared.choices)]
        if kind == "agency" or name == "forwarded_to":
            kinds = (declared.kinds if declared else ()) or ("public_security_organ",)
            prefix = self.subject.get("receiver", "psb-320500")[:3] if name != "respondent_agency" else "eea"
            return f"{prefix or PREFIX[kinds[0]]}-320{(choice % 3) * 100:03d}"
        if kind == "count":
            return 15 + choice
        if name == "result":
            return ["prosecuted", "not_prosecuted", "convicted"][choice % 3]
        return True if name.endswith("_lawful") else text

    @rule(
        pick=st.integers(0, 60),
        is_wild=st.integers(0, 5),
        passes=st.integers(0, 200),
        text=words,
        choice=st.integers(0, 5),
    )
    def take(self, pick: int, is_wild: int, passes: int, text: str, choice: int) -> None:
        """Take a step, mostly one that somebody may take from here: it is taken whole or refused whole."""
        self.wait(passes)
        every = [(by, step) for by in self.people() for step in self.law.steps.values()]
        open_to = self.offered() or every
        by, step = every[pick % len(every)] if is_wild == 1 else open_to[pick % len(open_to)]
        doors = DOORS.get(self.subject["procedure_id"], {})
        needed = self.asked(step.id) if self.subject["procedure_id"] == POLICE or step.id in doors else step.body_fields
        stated = {name: self.value(name, passes % 4, text, choice) for name in needed}
        if pick % 12 == 5 and stated:
            stated.popitem()
        before = self.read()
        answer = self.desk.call(by, "POST", f"{self.path}/steps/{step.id}", json={"stated": stated})
        after = self.read()
        assert answer.status_code in (200, 403, 404, 409, 422), answer.text
        if answer.status_code != 200:
            assert after == before
            assert answer.json()["detail"]
            return
        assert after["version"] > before["version"]
        if step.to_state:
            assert after["state"] in (step.to_state, *self.onward(step.to_state))
        self.subject = after

    def offered(self) -> list[tuple[Principal, Step]]:
        """Return everybody's steps that are allowed now."""
        found = []
        for by in self.people():
            answer = self.desk.call(by, "GET", f"{self.path}/steps")
            steps = answer.json()["steps"] if answer.status_code == 200 else []
            found += [(by, self.law.steps[step["step"]]) for step in steps if step["allowed"]]
        return found

    def asked(self, step_id: str) -> tuple[str, ...]:
        """Return the fields a police step's body must have."""
        doors = DOORS[self.subject["procedure_id"]]
        fields = doors[step_id].body.model_fields if step_id in doors else {}
        return tuple(name for name, field in fields.items() if field.is_required())

    def onward(self, state: str) -> set[str]:
        """Return where a command that takes two steps at once may lead."""
        return {step.to_state for step in self.law.steps.values() if state in step.from_states and step.to_state}

    def people(self) -> list[Principal]:
        """Return somebody of every agency that takes part."""
        named = {agency for agencies in self.subject.get("takes_part", {}).values() for agency in agencies}
        named |= {self.subject["owner"], self.subject.get("receiver") or self.subject["owner"]}
        named |= {self.subject.get("copied") or self.subject["owner"]}
        return [officer(agency, *ROLES) for agency in sorted(named)]

    def read(self) -> dict[str, Any]:
        """Return the subject as its owner sees it."""
        found: dict[str, Any] = self.desk.get(self.owner, self.path)
        return found

    def wait(self, hours: int) -> None:
        """Let time pass, and the reminders come."""
        self.desk.clock.advance(hours=hours)
        self.desk.sweep()

    def attach(self) -> None:
        """Attach the documents the procedure asks for, with everything they must state."""
        sets = {step.requirement_set for step in self.law.steps.values() if step.requirement_set}
        documents = [one for name in sorted(sets) for one in LAW.requirement_set(str(name)).documents]
        if self.number or not documents:
            return
        self.number = len(documents)
        for one in documents:
            stated = {field.field: stated_of(field.field) for field in one.metadata}
            self.desk.attach(self.owner, self.path, one.id, f"{one.id} {self.subject['id']}".encode(), **stated)

    @invariant()
    def the_chain_holds(self) -> None:
        """Every entry hashes to what it says, follows the one before, and the subject stands at the last."""
        if not self.subject:
            return
        entries = self.desk.get(self.owner, f"{self.path}/journal?limit=200")["items"]
        prev = ""
        for place, entry in enumerate(entries, 1):
            assert (entry["seq"], entry["prev"]) == (place, prev)
            assert hashlib.sha256(entry["body"].encode()).hexdigest() == entry["hash"]
            prev = entry["hash"]
        last = [json.loads(entry["body"])["to"] for entry in entries if json.loads(entry["body"])["to"]][-1]
        assert (self.read()["version"], self.read()["state"]) == (len(entries), last)

    @invariant()
    def the_clocks_are_what_the_ledger_says(self) -> None:
        """Every open clock's end is what its start, pauses and extensions give; an ended one has ended in the past."""
        if not self.subject:
            return
        room = self.desk.rooms["case" if self.plural in ("cases", "measures") else "referral"]
        with room.reading() as session:
            rows = session.exec(select(Deadline).where(col(Deadline.subject_id) == UUID(self.subject["id"]))).all()
            for clock in rows:
                pauses, extensions = deadlines.ledger(session, clock.id)
                term = LAW.term(clock.term_id, on=clock.term_on)
                found = due(
                    term,
                    clock.started_at.astimezone(ZONE),
                    calendar=room.calendar,
                    pauses=tuple(pauses),
                    extensions=tuple(extensions),
                )
                assert clock.due_at == found.lapses_at(ZONE), clock.term_id
                assert clock.ended_at is None or clock.ended_at <= self.desk.clock.now
                assert (clock.state in deadlines.OPEN_STATES) == (clock.ended_at is None)

    @invariant()
    def an_ended_matter_offers_nothing(self) -> None:
        """In a final state no step is allowed to anybody."""
        if not self.subject or not self.law.states[self.subject["state"]].final:
            return
        steps: list[Mapping[str, Any]] = self.desk.get(self.owner, f"{self.path}/steps")["steps"]
        assert [step["step"] for step in steps if step["allowed"] and step["to"] != self.subject["state"]] == []


WALKS = [(ALONE, 16), ([POLICE], 4), (MEASURES, 4), ([CASE], 4)]


@pytest.mark.parametrize(("procedures", "examples"), WALKS, ids=["data alone", "police", "measures", "case"])
def test_a_random_walk_over_the_real_commands(desk: Desk, procedures: list[str], examples: int) -> None:
    machine = type("Machine", (Walk,), {"desk": desk, "procedures": procedures})
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    chosen = settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=quiet,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(machine, settings=chosen)
    assert desk.clock.now > datetime(2026, 9, 7, 9, 0, tzinfo=ZONE)
