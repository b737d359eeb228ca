"""R24: a section that rises is found with the loads that fit; storms, algae and single readings are not."""

from datetime import timedelta

import pytest

from tests.unit.detection.ledgers import MONDAY, assert_stands, discharge, judged, over, river, table, times, without

SPIKE = 120  # number of the reading at which a rise begins: day 20
NAMES = {"nh3n": "氨氮", "tp": "总磷", "codmn": "高锰酸盐指数"}


def found(*sections, links=(), hours=(), **tables):
    tables["sections"] = table("sections", [row for section in sections for row in section])
    if links:
        rows = [{"section_id": one, "outlet_id": other, "travel_h": travel} for one, other, travel in links]
        tables["section_sources"] = table("section_sources", rows)
    if hours:
        tables["obs_hour"] = table("obs_hour", [row for outlet in hours for row in outlet])
    return judged("R24", **tables)


def at(index: int):
    return MONDAY + timedelta(hours=4 * index)


@pytest.mark.parametrize("name", list(NAMES))
@pytest.mark.parametrize(("factor", "count"), [(2.6, 2), (4.0, 5), (8.0, 12)])
def test_planted_spike_is_found_where_it_is(name, factor, count):
    sections = river(**{name: over(factor, SPIKE, count)}), river("S2")
    hits = found(*sections).hits
    assert [(hit.entity_id, hit.pollutant) for hit in hits] == [("S1", name)]
    assert times(hits[0]) == (at(SPIKE), at(SPIKE + count - 1))
    assert NAMES[name] in hits[0].reasons["zh"][0]
    assert "断面" in assert_stands(hits[0], found(*[one[::-1] for one in sections]).hits[0])


def test_higher_and_longer_score_higher():
    score = {
        (factor, count): found(river(nh3n=over(factor, SPIKE, count))).hits[0].severity
        for factor, count in ((3.0, 3), (6.0, 3), (3.0, 6))
    }
    assert score[6.0, 3] > score[3.0, 3]
    assert score[3.0, 6] > score[3.0, 3]


def test_a_short_hole_does_not_make_two():
    rise = river(nh3n=lambda index: 1.0 if index == SPIKE + 3 else over(4.0, SPIKE, 7)(index))
    hits = found(rise).hits
    assert [times(hit) for hit in hits] == [(at(SPIKE), at(SPIKE + 6))]
    assert_stands(hits[0], hits[0])


class TestUpstream:
    LINKS = (("S1", "O1", 12.0), ("S1", "O2", 6.0), ("S1", "O3", 20.0), ("S1", "S0", 10.0))

    def test_the_load_that_fits_the_travel_time_is_named(self):
        spike = river(nh3n=over(4.0, SPIKE, 4))
        begin = SPIKE * 4 - 12
        outlets = [
            discharge("O1", value=over(6.0, begin, 14)),
            discharge("O2"),
            discharge("O3", value=over(6.0, begin - 120, 14)),  # five days too early
        ]
        hits = found(spike, river("S0"), links=self.LINKS, hours=outlets).hits
        assert [hit.entity_id for hit in hits] == ["S1"]
        said = "".join(hits[0].reasons["zh"])
        assert "O1（" in said
        assert "O2（" not in said
        assert "O3（" not in said
        assert hits[0].statistic["candidates"] == 1
        assert "O1 负荷（后移 12 小时）" in assert_stands(hits[0], hits[0])

    def test_nearer_and_larger_loads_come_first(self):
        spike = river(nh3n=over(4.0, SPIKE, 4))
        outlets = [
            discharge("O1", value=over(6.0, SPIKE * 4 - 12, 14)),
            discharge("O2", value=over(6.0, SPIKE * 4 - 6, 14)),
        ]
        said = "".join(found(spike, links=self.LINKS, hours=outlets).hits[0].reasons["zh"])
        assert said.index("O2（") < said.index("O1（")

    def test_loads_of_one_parameter_say_nothing_of_another(self):
        both = river(nh3n=over(4.0, SPIKE, 4), tp=over(4.0, SPIKE, 4))
        hits = found(both, links=self.LINKS, hours=[discharge("O1", value=over(6.0, SPIKE * 4 - 12, 14))]).hits
        assert [(hit.pollutant, hit.statistic["candidates"]) for hit in hits] == [("nh3n", 1), ("tp", 0)]
        for hit in hits:
            assert_stands(hit, hit)

    def test_upstream_section_normal_or_high_before(self):
        spike = river(nh3n=over(4.0, SPIKE, 4))
        normal = found(spike, river("S0"), links=self.LINKS).hits
        assert (normal[0].statistic["upstream_sections"], normal[0].statistic["upstream_high"]) == (1, 0)
        assert "来源应在区间内" in "".join(normal[0].reasons["zh"])
        above = found(spike, river("S0", nh3n=over(4.0, SPIKE - 3, 4)), links=self.LINKS).hits
        assert {hit.entity_id for hit in above} == {"S0", "S1"}
        own = next(hit for hit in above if hit.entity_id == "S1")
        assert own.statistic["upstream_high"] == 1
        assert own.severity < normal[0].severity
        assert_stands(own, own)

    def test_beyond_an_upstream_section_only_where_that_was_high(self):
        links = (("S1", "S0", 8.0), ("S0", "O9", 4.0), ("S0", "S1", 1.0))
        outlets = [discharge("O9", value=over(6.0, SPIKE * 4 - 12, 14))]
        high, normal = river("S0", nh3n=over(4.0, SPIKE - 2, 4)), river("S0")
        both = {
            hit.entity_id: hit for hit in found(river(nh3n=over(4.0, SPIKE, 4)), high, links=links, hours=outlets).hits
        }
        assert [both[name].statistic["candidates"] for name in ("S0", "S1")] == [1, 1]
        assert_stands(both["S1"], both["S1"])
        alone = found(river(nh3n=over(4.0, SPIKE, 4)), normal, links=links, hours=outlets).hits
        assert [(hit.entity_id, hit.statistic["candidates"]) for hit in alone] == [("S1", 0)]

    def test_rain_outlets_are_named_when_it_rained(self):
        rain = table("weather", [{"ts": MONDAY + timedelta(hours=hour), "rain_mm": 1.0} for hour in range(720)])
        drains = [{"outlet_id": "O2", "combined_rain": True}, {"outlet_id": "O1", "combined_rain": False}]
        more = {"weather": rain, "outlets": table("outlets", drains)}
        wet = found(river(nh3n=over(4.0, SPIKE, 4)), links=self.LINKS, **more).hits[0]
        assert "雨水排口 O2" in wet.reasons["zh"][-1]
        assert_stands(wet, wet)


class TestNoHit:
    def test_clean_river(self):
        assert found(river(), river("S2")).hits == []

    def test_single_reading(self):
        assert found(river(nh3n=over(6.0, SPIKE, 1))).hits == []

    @pytest.mark.parametrize("storm", [{"turb": 3.5}, {"cond": 0.7}, {"turb": 4.0, "cond": 0.8}])
    def test_storm(self, storm):
        water = {name: over(factor, SPIKE - 1, 8) for name, factor in storm.items()}
        assert found(river(nh3n=over(4.0, SPIKE, 6), **water)).hits == []

    def test_algae(self):
        by_day = lambda index: 1.9 if SPIKE - 6 <= index < SPIKE + 12 and index % 6 in (3, 4) else 1.0  # noqa: E731
        assert found(river(codmn=over(3.0, SPIKE, 6), do=by_day)).hits == []

    def test_a_daily_wave_of_oxygen_as_every_day_is_no_algae(self):
        wave = lambda index: 1.9 if index % 6 in (3, 4) else 1.0  # noqa: E731
        assert len(found(river(codmn=over(3.0, SPIKE, 6), do=wave)).hits) == 1

    def test_a_daily_wave_of_conductivity_as_every_day_is_no_storm(self):
        wave = lambda index: 0.85 if index % 6 in (1, 2, 3) else 1.0  # noqa: E731
        assert len(found(river(nh3n=over(4.0, SPIKE, 4), cond=wave)).hits) == 1
        storm = lambda index: wave(index) * (0.9 if SPIKE <= index < SPIKE + 4 else 1.0)  # noqa: E731
        assert found(river(nh3n=over(4.0, SPIKE, 4), cond=storm)).hits == []

    def test_below_its_class_or_long_high(self):
        assert found(river(nh3n=over(1.7, SPIKE, 6))).hits == []
        assert found(river(nh3n=lambda _: 4.0)).hits == []

    def test_too_little_past(self):
        assert found(river(nh3n=over(4.0, 50, 6))).hits == []


def test_what_cannot_be_judged_is_counted():
    rows = river(nh3n=over(4.0, SPIKE, 4))
    rows[3] |= {"turb": None}
    frame = table("sections", rows)
    run = judged("R24", sections=frame)
    assert (len(run.hits), run.not_evaluable["R24"]) == (1, {"turb": 1})
    assert len(judged("R24", sections=without(frame, "do", "tp")).hits) == 1
    assert judged("R24", sections=without(frame, "cond")).not_evaluable["R24"] == {"sections.cond": 180}
    assert judged("R24").not_evaluable["R24"] == {"sections": 1}
    assert judged("R24", sections=frame.clear()).hits == []
