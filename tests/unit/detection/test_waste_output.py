"""R12: low coefficients are found, and months that only look low are not."""

import pytest

from services.clue_service.detection.engine import run
from tests.unit.detection.ledgers import RULES, assert_stands, book, judged, month, table, times, without


def found(*rows):
    return judged("R12", waste_month=table("waste_month", rows))


def low(factor: float, first: int = 10, count: int = 3):
    return lambda index: factor if first <= index < first + count else 1.0


@pytest.mark.parametrize("factor", [0.1, 0.3, 0.5, 0.65])
@pytest.mark.parametrize(("first", "count"), [(10, 2), (8, 3), (12, 4)])
def test_low_months_are_found_where_they_are(factor, first, count):
    rows = [*book(factor=low(factor, first, count)), *book(enterprise="E2")]
    hits = found(*rows).hits
    assert [hit.entity_id for hit in hits] == ["E1"]
    begin, end = times(hits[0])
    assert begin == month(first)
    assert month(first + 1) <= end <= month(first + count - 1)
    assert hits[0].statistic["ratio"] == pytest.approx(factor, abs=0.12)
    assert "前 6 个月中位数" in assert_stands(hits[0], found(*reversed(rows)).hits[0])


def test_lower_and_longer_score_higher():
    score = {
        (factor, count): found(*book(factor=low(factor, 10, count))).hits[0].severity
        for factor, count in ((0.2, 3), (0.6, 3), (0.2, 2))
    }
    assert score[0.2, 3] > score[0.6, 3]
    assert score[0.2, 3] > score[0.2, 2]


class TestNoHit:
    def test_honest_books(self):
        assert found(*book(), *book(enterprise="E2", code="HW17")).hits == []

    def test_output_fell_with_production(self):
        assert found(*book(product_t=low(0.5, 10, 4))).hits == []

    def test_hardly_any_production(self):
        product = {"product_t": low(0.1, 10, 4), "factor": low(0.5, 10, 4)}
        assert found(*book(**product)).hits == []

    @pytest.mark.parametrize("filed", [{10}, {10, 11, 12}, {8}])
    def test_process_change_on_file(self, filed):
        assert found(*book(factor=low(0.5), process_change_filed=lambda index: index in filed)).hits == []

    def test_one_low_month(self):
        assert found(*book(factor=low(0.3, 10, 1))).hits == []

    def test_settlement_every_second_month(self):
        assert found(*book(factor=lambda index: 2.0 * (index % 2))).hits == []

    @pytest.mark.parametrize("late", [12, 9])
    def test_settled_before_or_after(self, late):
        booked = {10: 0.2, 11: 0.2, late: 2.6}
        assert found(*book(factor=lambda index: booked.get(index, 1.0))).hits == []

    def test_declared_under_another_code_of_the_family(self):
        other = book(code="900-214-08", factor=lambda index: 1.6 if 10 <= index < 13 else 1.0)
        assert found(*book(factor=low(0.4)), *other).hits == []
        strange = book(code="900-041-49", factor=lambda index: 1.6 if 10 <= index < 13 else 1.0)
        assert len(found(*book(factor=low(0.4)), *strange).hits) == 1

    def test_too_little_history(self):
        assert found(*book(5, factor=low(0.3, 3, 2))).hits == []

    def test_months_without_production_or_figures(self):
        rows = book(factor=low(0.5), product_t=lambda index: 0.0 if 10 <= index < 13 else 100.0)
        run = found(*rows[:9], rows[9] | {"produced_t": None}, *rows[10:])
        assert (run.hits, run.not_evaluable["R12"]) == ([], {"produced_t": 1})


def test_high_months_make_a_clue_only_when_asked_for():
    tables = {"waste_month": table("waste_month", book(factor=low(2.0)))}
    assert run(tables, [RULES["R12"]]).hits == []
    high = run(tables, [RULES["R12"]], parameters={"R12": {"mirror_reported": 1}}).hits
    assert [times(hit) for hit in high] == [(month(10), month(12))]
    assert_stands(high[0], high[0])


def test_far_below_the_peers():
    rest = [row for number in range(2, 14) for row in book(enterprise=f"E{number}")]
    hits = found(*book(factor=lambda _: 0.25), *rest).hits
    assert [(hit.entity_id, times(hit)) for hit in hits] == [("E1", (month(0), month(17)))]
    assert_stands(hits[0], hits[0])
    # The lowest of many, but within what peers differ by; few peers; less than six months.
    assert found(*book(factor=lambda _: 0.6), *rest).hits == []
    assert found(*book(factor=lambda _: 0.25), *rest[:72]).hits == []
    assert found(*book(5, factor=lambda _: 0.25), *rest).hits == []


def test_what_cannot_be_judged_is_counted():
    frame = table("waste_month", book(factor=low(0.3)))
    assert len(judged("R12", waste_month=without(frame, "power_kwh", "process_change_filed", "industry")).hits) == 1
    assert judged("R12", waste_month=without(frame, "product_t")).not_evaluable["R12"] == {"waste_month.product_t": 18}
    assert judged("R12").not_evaluable["R12"] == {"waste_month": 1}
