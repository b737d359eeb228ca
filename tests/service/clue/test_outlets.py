"""Outlets: registered by the competent bureau or its superior, seen by them only."""

import pytest

from services.clue_service.demo_data import demo
from shared.records.journal import timeline
from shared.records.verifying import verify_room
from tests.desk import officer
from tests.journeys import OFFICER
from tests.service.clue.plant import MN, NEIGHBOUR, NOBODY, POLICE, PROVINCE, outlet, register

KEEPER = officer("eea-320500", "administrator")
PATH = f"/v1/outlets/{demo.CLEAN}"


class TestRegister:
    def test_allowed(self, desk):
        made = register(desk)
        assert (made["outlet_id"], made["owner"], made["mn"]) == (demo.CLEAN, "eea-320500", MN)
        assert made["limits"] == [{"pollutant": "NOx", "limit": 100.0, "full_scale": 200.0}]
        assert desk.get(OFFICER, PATH) == made

    @pytest.mark.parametrize(
        "who", [PROVINCE, officer("eea-320500", "administrator")], ids=["superior", "administrator"]
    )
    def test_allowed_to(self, desk, who):
        assert desk.call(who, "PUT", PATH, json=outlet()).status_code == 201

    def test_replaced_and_journalled(self, desk):
        register(desk)
        changed = outlet(limits=[{"pollutant": "SO2", "limit": 35.0}, {"pollutant": "NOx", "limit": 50.0}])
        answer = desk.call(OFFICER, "PUT", PATH, json=changed)
        assert answer.status_code == 200
        assert [one["pollutant"] for one in answer.json()["limits"]] == ["NOx", "SO2"]
        with desk.rooms["clue"].reading() as session:
            entries = timeline(session, f"outlet:{demo.CLEAN}")
            assert verify_room(session, desk.rooms["clue"].subjects) == (2, [])
        assert [entry.type for entry in entries] == ["outlet.registered", "outlet.replaced"]
        assert entries[0].actor == OFFICER.actor

    def test_repeated_writes_nothing(self, desk):
        made = register(desk)
        desk.clock.advance(hours=1)
        answer = desk.call(OFFICER, "PUT", PATH, json=outlet())
        assert (answer.status_code, answer.json()) == (200, made)

    def test_wrong_agency(self, desk):
        answer = desk.call(NEIGHBOUR, "PUT", PATH, json=outlet())
        assert (answer.status_code, answer.json()["code"]) == (403, "not-your-step")
        register(desk)
        taken = desk.call(NEIGHBOUR, "PUT", PATH, json=outlet(division="320600", mn=None))
        assert taken.status_code == 404
        assert desk.get(OFFICER, PATH)["division"] == "320500"

    @pytest.mark.parametrize("who", [NOBODY, POLICE], ids=["role", "police"])
    def test_wrong_role(self, desk, who):
        answer = desk.call(who, "PUT", PATH, json=outlet())
        assert answer.status_code == 403
        assert answer.json()["reasons"]

    def test_no_identity(self, desk):
        assert desk.call(None, "PUT", PATH, json=outlet()).status_code == 401

    def test_device_taken(self, desk):
        register(desk)
        answer = desk.call(OFFICER, "PUT", "/v1/outlets/OTHER", json=outlet())
        assert (answer.status_code, answer.json()["code"]) == (409, "duplicate-subject")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"medium": "soil"},
            {"mn": "has space"},
            {"division": "32"},
            {"division": "990000"},
            {"std_o2": 21},
            {"limits": [{"pollutant": "NOx", "limit": -1}]},
            {"limits": [{"pollutant": "NOx"}, {"pollutant": "NOx"}]},
            {"owner": "eea-320600"},
        ],
        ids=str,
    )
    def test_wrong_body(self, desk, wrong):
        answer = desk.call(OFFICER, "PUT", PATH, json=outlet(**wrong))
        assert (answer.status_code, answer.json()["code"]) == (422, "body-invalid")


class TestRead:
    def test_only_the_bureau_and_its_superior(self, desk):
        register(desk)
        for who, status in ((OFFICER, 200), (PROVINCE, 200), (NOBODY, 200), (NEIGHBOUR, 404), (POLICE, 404)):
            assert desk.call(who, "GET", PATH).status_code == status
        assert desk.call(OFFICER, "GET", "/v1/outlets/none").status_code == 404
        assert desk.get(NEIGHBOUR, "/v1/outlets") == {"items": [], "next": None}
        assert desk.get(POLICE, "/v1/outlets")["items"] == []

    def test_pages(self, desk):
        for number in range(5):
            register(desk, f"DA00{number}", mn=None)
        first = desk.get(PROVINCE, "/v1/outlets?limit=2")
        second = desk.get(PROVINCE, f"/v1/outlets?limit=2&after={first['next']}")
        last = desk.get(PROVINCE, f"/v1/outlets?limit=2&after={second['next']}")
        listed = [one["outlet_id"] for page in (first, second, last) for one in page["items"]]
        assert listed == [f"DA00{number}" for number in range(5)]
        assert last["next"] is None
        assert desk.call(OFFICER, "GET", "/v1/outlets?after=broken").status_code == 422
