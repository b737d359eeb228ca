"""R13: books that do not close and waste kept too long, and what is within bounds."""

from datetime import timedelta

import pytest

from tests.unit.detection.ledgers import assert_stands, batch, book, judged, manifest, month, table, times, without


def found(rows=(), batches=(), manifests=None):
    tables = {"waste_month": table("waste_month", rows), "waste_batches": table("waste_batches", batches)}
    if manifests is not None:
        tables["manifests"] = table("manifests", manifests)
    return judged("R13", **tables)


def lost(tonnes: float, at: int = 7):
    """A book from which tonnes vanish in one month; the next month opens with what is left."""
    rows = book()
    for index in range(at, 18):
        rows[index] |= {"close_t": rows[index]["close_t"] - tonnes}
        if index > at:
            rows[index] |= {"open_t": rows[index]["open_t"] - tonnes}
        if index % 3 == 2:
            break
    rows[index] |= {"transferred_t": rows[index]["transferred_t"] - tonnes, "close_t": rows[index]["close_t"] + tonnes}
    return rows


@pytest.mark.parametrize("tonnes", [0.1, 0.4, 0.9])
def test_missing_mass_is_found_in_its_month(tonnes):
    rows = lost(tonnes)
    hits = found(rows).hits
    assert [(hit.entity_id, times(hit)) for hit in hits] == [("E1", (month(7), month(7)))]
    assert hits[0].statistic["missing_t"] == pytest.approx(tonnes)
    assert f"{tonnes:.3f} 吨" in hits[0].reasons["zh"][0]
    assert "推算期末库存" in assert_stands(hits[0], found(list(reversed(rows))).hits[0])


def test_more_missing_scores_higher_and_little_is_grade_c():
    assert found(lost(0.9)).hits[0].severity > found(lost(0.2)).hits[0].severity
    rows = book(produced_t=lambda _: 30.0, open_t=lambda _: 0.0, transferred_t=lambda _: 30.0, close_t=lambda _: 0.0)
    rows[5] |= {"close_t": 1.2}
    rows[6] |= {"open_t": 1.2, "transferred_t": 31.2}
    small = found(rows).hits
    assert [hit.grade for hit in small] == ["C"]


def test_stock_that_jumps_between_months():
    rows = book()
    for index in (9, 10, 11):
        rows[index] |= {"open_t": rows[index]["open_t"] + 0.5, "close_t": rows[index]["close_t"] + 0.5}
    rows[11] |= {"transferred_t": rows[11]["transferred_t"] + 0.5, "close_t": 0.0}
    hits = found(rows).hits
    assert [times(hit) for hit in hits] == [(month(9), month(9))]
    assert_stands(hits[0], hits[0])


def sent(rows, **other):
    """Manifests for everything the book has transferred."""
    moved = [row for row in rows if row["transferred_t"] > 0]
    return [
        manifest(number, depart=row["month"] + timedelta(days=20), ship_t=other.get(str(number), row["transferred_t"]))
        for number, row in enumerate(moved)
    ]


def test_manifests_that_do_not_add_up():
    rows = book(24)
    hits = found(rows, manifests=sent(rows, **{"4": 1.0})).hits
    assert [times(hit) for hit in hits] == [(month(14), month(14))]
    assert "联单合计 1.000 吨" in hits[0].reasons["zh"][0]
    assert_stands(hits[0], hits[0])
    # Only some of the manifests are in the folder: nothing can be said.
    assert found(rows, manifests=sent(rows)[:4]).hits == []


def test_stock_above_the_filed_capacity_and_nothing_moved_for_a_year():
    over = found(book(18, capacity_t=lambda _: 1.5)).hits
    assert len(over) == 6
    assert all("备案贮存能力" in hit.reasons["zh"][0] for hit in over)
    idle = book(18, transferred_t=lambda _: 0.0)
    stock = 0.0
    for row in idle:
        row["open_t"], stock = stock, stock + row["produced_t"]
        row["close_t"] = stock
    hits = found(idle).hits
    assert [times(hit) for hit in hits] == [(month(11), month(17))]
    assert_stands(hits[0], hits[0])
    assert found(book(18, transferred_t=lambda _: None)).hits == []


class TestBatches:
    @pytest.mark.parametrize("days", [380, 430, 600])
    def test_kept_too_long(self, days):
        batches = [batch(1, 100), batch(2, days), batch(3, 340)]
        hits = found(book(), batches).hits
        assert [times(hit) for hit in hits] == [(batches[1]["in_date"], batches[1]["out_date"])]
        assert hits[0].statistic["days"] == days
        assert "超期批次" in assert_stands(hits[0], found(book(), batches[::-1]).hits[0])

    def test_still_there_on_the_last_day_of_the_tables(self):
        kept = batch(1, 0, out_date=None)
        hits = found(book(18), [kept]).hits
        assert [(times(hit)[1], "至今" in hit.reasons["zh"][0]) for hit in hits] == [(month(17), True)]
        assert found(book(12), [kept]).hits == []

    def test_batches_of_one_time_are_one_finding(self):
        batches = [batch(1, 400), batch(20, 450), batch(600, 500)]
        hits = found(book(), batches).hits
        assert [hit.statistic["batches"] for hit in hits] == [2, 1]
        for hit in hits:
            assert_stands(hit, hit)

    def test_older_scores_higher(self):
        assert found((), [batch(1, 700)]).hits[0].severity > found((), [batch(1, 400)]).hits[0].severity


class TestNoHit:
    def test_honest_books(self):
        assert found(book(), [batch(number, 300 + 10 * number) for number in range(7)]).hits == []

    def test_approved_extension(self):
        assert found((), [batch(1, 500, extension_approval="苏环危延〔2025〕3号")]).hits == []
        assert len(found((), [batch(1, 500, extension_approval="无")]).hits) == 1

    def test_rounding_and_moisture(self):
        rows = [row | {"close_t": round(row["close_t"] * 0.99, 2), "open_t": round(row["open_t"], 2)} for row in book()]
        assert found(rows).hits == []


def test_what_cannot_be_judged_is_counted():
    books, batches = table("waste_month", lost(0.5)), table("waste_batches", [batch(1, 500)])
    alone = judged("R13", waste_month=books)
    assert (len(alone.hits), alone.not_evaluable["R13"]) == (1, {"waste_batches": 1})
    stored = judged("R13", waste_batches=batches)
    assert (len(stored.hits), stored.not_evaluable["R13"]) == (1, {"waste_month": 1})
    assert judged("R13").not_evaluable["R13"] == {"waste_month": 1, "waste_batches": 1}
    holes = judged("R13", waste_month=without(books, "close_t", "self_disposed_t"), waste_batches=batches)
    assert holes.not_evaluable["R13"] == {"self_disposed_t": 18, "close_t": 18}
