"""How punctual agencies are: counted from the clocks, and found the same when the journal itself is counted."""

import json
from collections import Counter, defaultdict
from datetime import datetime

import pytest
from sqlmodel import select

from shared.clock import ZONE
from shared.records.journal import Entry
from tests import journeys
from tests.desk import officer
from tests.journeys import HEAD, OFFICER, POLICE

STRANGER = officer("eea-320100", "case_officer")
PATH = "/v1/statistics/timeliness"


def figures(desk, who, room, **params):
    """The rows by agency and term."""
    rows = desk.get(who, PATH, room=room, params=params)["rows"]
    return {(row["agency"], row["term"]): row for row in rows}


def from_the_journal(desk, room):
    """Count what the entries of a room say of its clocks, in their order."""
    with desk.rooms[room].reading() as session:
        entries = session.exec(select(Entry).order_by(Entry.subject, Entry.seq)).all()
    last, what, terms = {}, defaultdict(Counter), {}
    for entry in entries:
        for said in json.loads(entry.body)["clocks"]:
            terms[said["clock"]] = (said["party"], said["term"])
            what[said["clock"]][said["what"]] += 1
            if said["what"] in ("started", "met", "paused", "resumed", "cancelled", "breached"):
                last.setdefault(said["clock"], []).append(said["what"])
    counted = defaultdict(Counter)
    for clock, place in terms.items():
        happened = [one for one in last[clock] if one != "breached"]
        is_late = "breached" in last[clock]
        end = {"started": "running", "resumed": "running"}.get(happened[-1], happened[-1])
        name = {("met", True): "met_late", ("met", False): "met_in_time", ("running", True): "overdue"}
        counted[place][name.get((end, is_late), end)] += 1
        counted[place]["extended"] += bool(what[clock]["extended"])
    return {place: {name: number for name, number in found.items() if number} for place, found in counted.items()}


@pytest.fixture
def played(desk):
    """A referral that the police answered late, after the bureau extended its own filing decision."""
    case = journeys.opened_case(desk)
    extension = {"extension_days": 15, "ground": "案情复杂", "approved_by": "王局"}
    desk.post(HEAD, f"/v1/cases/{case['id']}/extend-filing", extension)
    desk.sweep()
    return case


class TestFigures:
    def test_a_clock_runs_is_extended_and_is_met(self, desk, played):
        row = figures(desk, OFFICER, "case")["eea-320500", "eep_filing_decision"]
        assert (row["running"], row["extended"], row["met_in_time"], row["late_hours"]) == (1, 1, 0, None)
        assert (row["leg"], row["authority"], row["binds"]) == ("case", "law", True)
        assert row["cite_zh"]
        body = {"case_no": "苏环立〔2026〕1号", **FILED}
        desk.post(HEAD, f"/v1/cases/{played['id']}/file", body)
        row = figures(desk, OFFICER, "case")["eea-320500", "eep_filing_decision"]
        assert (row["running"], row["met_in_time"]) == (0, 1)

    def test_late_by_how_much(self, desk, played):
        desk.clock.now = datetime(2026, 10, 10, 12, 0, tzinfo=ZONE)
        desk.sweep()
        row = figures(desk, OFFICER, "case")["eea-320500", "eep_filing_decision"]
        due = datetime.fromisoformat(desk.get(OFFICER, f"/v1/cases/{played['id']}/deadlines")["items"][0]["due_at"])
        hours = round((desk.clock.now - due).total_seconds() / 3600, 2)
        assert (row["overdue"], row["late_hours"]) == (1, {"median": hours, "worst": hours, "total": hours})
        desk.clock.advance(hours=5)
        desk.post(HEAD, f"/v1/cases/{played['id']}/file", {"case_no": "苏环立〔2026〕1号", **FILED})
        desk.clock.advance(days=30)
        row = figures(desk, OFFICER, "case")["eea-320500", "eep_filing_decision"]
        assert (row["met_late"], row["overdue"], row["late_hours"]["worst"]) == (1, 0, hours + 5)

    def test_paused_time_is_said_until_today(self, desk):
        journeys.receipted_referral(desk)
        desk.drain()
        desk.clock.advance(days=10)
        row = figures(desk, OFFICER, "case")["eea-320500", "eep_case_limit"]
        assert (row["paused"], row["paused_days"], row["overdue"]) == (1, 10, 0)


@pytest.mark.parametrize("room", ["clue", "case", "referral"])
def test_the_journal_says_the_same(desk, room):
    journeys.receipted_referral(desk)
    desk.drain()
    desk.clock.advance(days=6)
    desk.sweep()
    names = ("met_in_time", "met_late", "running", "overdue", "paused", "cancelled", "extended")
    found = {
        place: {name: row[name] for name in names if row[name]} for place, row in figures(desk, OFFICER, room).items()
    }
    assert found == from_the_journal(desk, room)
    assert found or room == "clue"


class TestWhoSees:
    def test_only_the_clocks_of_subjects_one_sees(self, desk):
        journeys.receipted_referral(desk)
        desk.drain()
        mine, theirs = figures(desk, OFFICER, "referral"), figures(desk, POLICE, "referral")
        assert ("psb-320500", "police_filing_decision") in mine.keys() & theirs.keys()
        assert figures(desk, POLICE, "case") == {}
        assert all(figures(desk, STRANGER, room) == {} for room in ("clue", "case", "referral"))

    def test_it_can_be_narrowed(self, desk):
        journeys.receipted_referral(desk)
        rows = figures(desk, OFFICER, "referral", agency="psb-320500")
        assert {agency for agency, _term in rows} == {"psb-320500"}
        assert figures(desk, OFFICER, "referral", begun_from="2030-01-01") == {}
        assert (
            figures(desk, OFFICER, "referral", begun_to="2026-09-07").keys()
            == figures(desk, OFFICER, "referral", begun_from="2026-09-07").keys()
        )

    def test_days_out_of_order(self, desk):
        answer = desk.call(OFFICER, "GET", PATH, params={"begun_from": "2026-09-08", "begun_to": "2026-09-07"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "out_of_order")

    @pytest.mark.parametrize("name", ["begun_from", "begun_to"])
    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_days_beyond_the_calendar(self, desk, name, day):
        assert desk.call(OFFICER, "GET", PATH, params={name: day}).status_code == 422


FILED = {"officers": ["张甲", "李乙"], "officer_certificates": journeys.INSPECTION["officer_certificates"]}
