"""Minute, day and real-time data: what was acknowledged can be read again, by whom it concerns."""

import pytest

from services.clue_service.demo_data import demo
from services.clue_service.intake.hj212 import decode, encode
from tests.journeys import OFFICER
from tests.service.clue.minutes import CN, PATH, frame, nox, read
from tests.service.clue.plant import MN, NEIGHBOUR, NOBODY, POLICE, PROVINCE, hour, register, send, sent


class TestTake:
    @pytest.mark.parametrize("kind", CN)
    def test_what_is_acknowledged_can_be_read(self, desk, kind):
        register(desk)
        taken = sent(desk, frame(kind=kind))
        assert [decode(one.encode()).cn for one in taken["answers"]] == ["9014"]
        assert (taken["stored"], taken["values_stored"], taken["other"]) == (0, 2, 0)
        (found,) = read(desk, f"kind={kind}")
        assert (found["at"], found["received_at"]) == ("2026-09-01T08:00:00+08:00", "2026-09-07T01:00:00Z")
        first, second = found["factors"]
        assert first == {
            "code": "a21002",
            "quantity": "NOx",
            "name_zh": "氮氧化物",
            "name_en": "nitrogen oxides",
            "unit": "mg/m³",
            "average": 50.0,
            "minimum": 49.1,
            "maximum": 51.0,
            "sampled": None,
            "total": 1.5,
            "flag": "N",
            "sent": {"Min": "49.10", "Avg": "50.0", "Max": "51", "Cou": "1.5", "Flag": "N"},
            "replaced": [],
        }
        assert (second["quantity"], second["unit"], second["average"]) == ("flow", "m³/s", 2.0)
        assert [read(desk, f"kind={other}") for other in CN if other != kind] == [[], []]

    @pytest.mark.parametrize(
        ("area", "code", "quantity", "sent_as"),
        [
            ("011-Rtd=020.50,011-Flag=N", "011", "COD", {"Rtd": "020.50", "Flag": "N"}),
            ("01-Rtd=3", "01", "PM", {"Rtd": "3"}),
            ("A21026-Rtd=5,A21026-EFlag=D01", "A21026", "SO2", {"Rtd": "5", "EFlag": "D01"}),
            ("a99999-Rtd=-", "a99999", "a99999", {"Rtd": "-"}),
            ("水温-Rtd=5", "水温", "水温", {"Rtd": "5"}),
            ("LA=55.1", "LA", "LA", {"": "55.1"}),
        ],
    )
    def test_codes_of_every_dialect_and_unknown_ones_as_they_came(self, desk, area, code, quantity, sent_as):
        register(desk)
        sent(desk, frame(area=area, kind="real_time", flag=9) + hour())
        for asked in ("", f"&pollutant={code}", f"&pollutant={quantity}"):
            (found,) = read(desk, f"kind=real_time{asked}")
            (factor,) = found["factors"]
            assert (factor["code"], factor["quantity"], factor["sent"]) == (code, quantity, sent_as)

    def test_other_values_win_and_the_older_ones_are_kept(self, desk):
        register(desk)
        sent(desk, frame(area=f"{nox(50)};a21026-Avg=1"))
        desk.clock.advance(minutes=1)
        again = sent(desk, frame(area=nox(50)) + frame(area=nox(70)) + frame(area=nox(60)))
        assert [again[f"values_{what}"] for what in ("stored", "duplicates", "revised")] == [0, 1, 2]
        more = sent(desk, frame(area=f"{nox(60)};a34013-Avg=3"))
        assert [more[f"values_{what}"] for what in ("stored", "duplicates", "revised")] == [1, 1, 0]
        (found,) = read(desk)
        assert [(one["quantity"], one["average"]) for one in found["factors"]] == [("NOx", 60), ("SO2", 1), ("PM", 3)]
        before = found["factors"][0]["replaced"]
        assert [one["sent"]["Avg"] for one in before] == ["50", "70"]
        assert {one["replaced_at"] for one in before} == {"2026-09-07T01:01:00Z"}

    def test_split_message(self, desk):
        register(desk)
        first = frame(head="PNUM=2;PNO=1;", area=nox(50))
        second = frame(head="PNUM=2;PNO=2;", area="a21026-Avg=20")
        assert sent(desk, second + first)["values_stored"] == 2
        assert [one["quantity"] for one in read(desk)[0]["factors"]] == ["NOx", "SO2"]

    @pytest.mark.parametrize(
        ("raw", "code", "answered"),
        [
            (frame("2026"), "no_time", "9011"),
            (frame("00010101000000"), "no_time", "9011"),
            (frame("20260907090501", kind="real_time"), "future_time", "9011"),
            (frame(area=""), "no_readings", "9014"),
            (frame(head="PNUM=2;PNO=1;"), "incomplete", "9014"),
        ],
        ids=["no time", "no year", "future", "nothing", "packet"],
    )
    def test_refused_as_hours_are(self, desk, raw, code, answered):
        register(desk)
        taken = sent(desk, raw)
        assert [one["code"] for one in taken["rejected"]] == [code]
        assert [decode(one.encode()).cn for one in taken["answers"]] in ([answered], [])
        assert desk.get(OFFICER, f"/v1/hj212/rejected?code={code}")["items"]
        assert all(read(desk, f"kind={kind}&to=2026-09-08") == [] for kind in CN)

    def test_a_clock_that_is_a_little_fast(self, desk):
        register(desk)
        assert sent(desk, frame("20260907090459", kind="real_time"))["values_stored"] == 2
        assert len(read(desk, "kind=real_time")) == 1

    def test_foreign_and_unknown_devices(self, desk):
        register(desk)
        taken = send(desk, frame(), NEIGHBOUR).json()
        assert (taken["values_stored"], taken["rejected"][0]["code"]) == (0, "unknown_device")
        assert read(desk) == []

    def test_stored_and_only_acknowledged_are_told_apart(self, desk):
        register(desk)
        state = encode(
            f"QN=20260901090200000;ST=31;CN=2021;PW=1;MN={MN};Flag=5;CP=&&DataTime=20260901080000;SB1-RS=1&&"
        )
        taken = sent(desk, b"".join([hour(), state, *(frame(kind=kind) for kind in CN), frame(area=nox(1))]))
        assert (taken["received"], taken["other"], taken["values_revised"]) == (6, 1, 1)
        assert desk.get(OFFICER, "/v1/hj212/counts")["total"] == {
            "hour_data": 1,
            "minute_data": 2,
            "day_data": 1,
            "real_time_data": 1,
            "other": 1,
            "rows_stored": 1,
            "values_stored": 6,
            "values_revised": 1,
        }
        assert desk.get(NEIGHBOUR, "/v1/hj212/counts")["total"] == {}

    def test_no_rule_is_called(self, desk):
        register(desk)
        sent(desk, frame(area=nox(0)))
        assert desk.get(OFFICER, f"/v1/series/{demo.CLEAN}")["rows"] == 0
        assert desk.post(OFFICER, "/v1/detections", {"outlets": [demo.CLEAN]})["hits"] == 0


class TestRead:
    def test_pages_in_order(self, desk):
        register(desk)
        minutes = [f"2026090108{number:02d}00" for number in range(7)]
        sent(desk, b"".join(frame(at, nox(number)) for number, at in reversed(list(enumerate(minutes)))))
        found, after = [], ""
        for _ in range(3):
            page = desk.get(OFFICER, f"{PATH}?kind=minute&limit=3{after}")
            found += [one["factors"][0]["average"] for one in page["items"]]
            after = f"&after={page['next']}"
        assert found == list(range(7))
        assert page["next"] is None

    def test_span_and_pollutant(self, desk):
        register(desk)
        sent(desk, frame("20260901080000") + frame("20260901090000", "a21026-Avg=1") + frame("20260901100000"))
        sent(desk, frame("20000101000000", nox(9)))
        spans = {
            "from=2026-09-01T09:00:00%2B08:00&to=2026-09-01T10:00:00": ["SO2"],
            "pollutant=SO2": ["SO2"],
            "pollutant=NOx": ["NOx", "NOx"],
            "pollutant=nothing": [],
            "from=2000-01-01&to=2000-02-01": ["NOx"],
        }
        for query, wanted in spans.items():
            assert [one["factors"][0]["quantity"] for one in read(desk, f"kind=minute&{query}")] == wanted

    def test_a_name_that_only_looks_alike_is_left_out(self, desk):
        register(desk)
        sent(desk, frame(area="x1-NOx=5"))
        assert read(desk, "kind=minute&pollutant=NOx") == []
        assert read(desk)[0]["factors"][0]["sent"] == {"NOx": "5"}

    def test_who_may(self, desk):
        register(desk)
        sent(desk, frame())
        for who in (OFFICER, PROVINCE, NOBODY):
            assert len(read(desk, who=who)) == 1
        for who in (NEIGHBOUR, POLICE):
            assert desk.call(who, "GET", f"{PATH}?kind=minute").status_code == 404
        assert desk.call(None, "GET", f"{PATH}?kind=minute").status_code == 401
        assert desk.call(OFFICER, "GET", "/v1/outlets/NONE/readings?kind=minute").status_code == 404

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "kind=hour",
            "kind=day&from=2026-09-05&to=2026-09-01",
            "kind=day&from=2020-01-01",
            "kind=day&from=yesterday",
            "kind=day&from=0001-01-01",
            "kind=day&to=9999-12-31",
            "kind=day&limit=0",
            "kind=day&limit=1441",
            "kind=day&after=x",
            "kind=day&after=MDAwMS0wMS0wMVQwMDowMDowMCswMDowMA",
            "kind=day&pollutant=%00",
            "kind=day&begin=2026-09-01",
        ],
    )
    def test_wrong_question(self, desk, query):
        register(desk)
        said = []
        for language in ("zh", "en"):
            answer = desk.call(OFFICER, "GET", f"{PATH}?{query}", headers={"accept-language": language})
            assert answer.status_code == 422, answer.text
            said.append(answer.json()["detail"])
        assert said[0] != said[1]
