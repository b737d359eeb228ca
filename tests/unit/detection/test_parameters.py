"""R03: large changes of settings that nothing explains are found; calibrations with a record are not."""

from datetime import timedelta

import polars as pl
import pytest

from services.clue_service.detection.engine import run
from tests.unit.detection.carriers import ALL_LIMITS, RULES, START, gas, put, work_order

CHANGED = 600


def entry(
    info: str, old: float, new: float, *, hour: float = CHANGED, order: str | None = None, name: str = "NOx"
) -> pl.DataFrame:
    row = {
        "outlet_id": "O1",
        "ts": START + timedelta(hours=hour),
        "pollutant": name,
        "info_id": info,
        "old_value": old,
        "new_value": new,
        "operator": "OP7",
        "work_order": order,
    }
    return pl.DataFrame([row], schema_overrides={"work_order": pl.String, "ts": pl.Datetime("us")})


def hits(*entries: pl.DataFrame, **tables: pl.DataFrame):
    return run({"param_log": pl.concat(entries), "limits": ALL_LIMITS, **tables}, [RULES["R03"]]).hits


@pytest.mark.parametrize(
    ("info", "old", "new"),
    [
        ("i13008", 1.0, 0.9),
        ("i13008", 1.0, 0.5),
        ("i13008", 1.0, 1.3),
        ("i13001", 200.0, 150.0),
        ("i13001", 200.0, 400.0),
        ("i13007", 0.0, -2.0),
        ("i13007", 1.0, 3.5),
        ("velocity_coefficient", 1.0, 0.94),
        ("stack_area", 12.5, 11.0),
    ],
)
def test_large_change_is_found(info, old, new):
    found = hits(entry(info, old, new), obs_hour=gas())
    moment = START + timedelta(hours=CHANGED)
    assert [(hit.entity_id, hit.pollutant) for hit in found] == [("O1", "NOx")]
    assert found[0].from_at.replace(tzinfo=None) == found[0].to_at.replace(tzinfo=None) == moment
    assert found[0].statistic["new_value"] == new


def test_log_alone_is_enough_and_values_that_moved_count_more():
    slope = entry("i13008", 1.0, 0.6)
    (alone,) = hits(slope)
    assert "value_before" not in alone.statistic
    moved = gas().with_columns(value=pl.when(pl.col("hour") >= CHANGED).then(pl.col("value") * 0.6).otherwise("value"))
    (seen,), (still,) = hits(slope, obs_hour=moved), hits(slope, obs_hour=gas())
    assert seen.severity > still.severity
    assert seen.statistic["value_after"] < 0.7 * seen.statistic["value_before"]


def test_the_longer_it_stayed_the_higher():
    (short, _), (long,) = (
        hits(entry("i13008", 1.0, 0.5), entry("i13008", 0.5, 1.0, hour=CHANGED + 5)),
        hits(entry("i13008", 1.0, 0.5)),
    )
    assert (short.statistic["hours"], long.statistic["hours"]) == (5.0, 168.0)
    assert long.severity > short.severity


def test_two_settings_at_one_moment_are_one_hit():
    (hit,) = hits(entry("i13008", 1.0, 0.5), entry("i13007", 0.0, -5.0), entry("i13009", 1.0, 9.0))
    assert hit.statistic["parameters"] == 2
    assert "斜率" in hit.reasons["zh"][0]
    assert "截距" in hit.reasons["zh"][0]


class TestNoHit:
    @pytest.mark.parametrize(
        ("info", "old", "new"),
        [
            ("i13008", 1.0, 1.05),
            ("i13001", 200.0, 220.0),
            ("i13007", 0.0, 1.0),
            ("stack_area", 12.5, 12.3),
            ("i13009", 1.0, 5.0),
            ("i13006", 20260301.0, 20260401.0),
            ("i13008", 1.0, 1.0),
        ],
    )
    def test_small_or_harmless(self, info, old, new):
        assert hits(entry(info, old, new), obs_hour=gas()) == []

    def test_order_named_or_near(self):
        assert hits(entry("i13008", 1.0, 0.5, order="W7")) == []
        assert hits(entry("i13008", 1.0, 0.5), work_orders=work_order(CHANGED - 3, 2, "校准")) == []

    def test_order_of_another_outlet_or_time_explains_nothing(self):
        assert len(hits(entry("i13008", 1.0, 0.5), work_orders=work_order(CHANGED - 3, 2, "校准", "O2"))) == 1
        assert len(hits(entry("i13008", 1.0, 0.5), work_orders=work_order(CHANGED - 30, 2, "校准"))) == 1
        borrowed = entry("i13008", 1.0, 0.5, order="W1")
        assert len(hits(borrowed, work_orders=work_order(CHANGED - 300, 2, "校准"))) == 1

    @pytest.mark.parametrize("state", [{"flag": "C"}, {"mark": "维护"}])
    def test_mark_within_two_hours(self, state):
        slope = entry("i13008", 1.0, 0.5)
        assert hits(slope, obs_hour=put(gas(), CHANGED + 2, 1, **state)) == []
        assert len(hits(slope, obs_hour=put(gas(), CHANGED + 4, 1, **state))) == 1


def test_what_cannot_be_judged_is_counted():
    log = entry("i13007", 0.0, 5.0)
    assert run({"param_log": log}, [RULES["R03"]]).not_evaluable == {"R03": {"full_scale": 1}}
    assert run({"param_log": log.drop("old_value")}, [RULES["R03"]]).not_evaluable == {
        "R03": {"param_log.old_value": 1}
    }
    assert run({"limits": ALL_LIMITS}, [RULES["R03"]]).not_evaluable == {"R03": {"param_log": 1}}
