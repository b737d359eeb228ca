"""Days, moments and numbers as official documents write them."""

from datetime import UTC, date, datetime

import pytest

from shared.documents import dates, numbers


@pytest.mark.parametrize(
    ("day", "arabic", "hanzi"),
    [
        (date(2026, 9, 3), "2026年9月3日", "二〇二六年九月三日"),
        (date(2026, 10, 10), "2026年10月10日", "二〇二六年十月十日"),
        (date(2030, 12, 31), "2030年12月31日", "二〇三〇年十二月三十一日"),
        (date(2026, 11, 20), "2026年11月20日", "二〇二六年十一月二十日"),
    ],
)
def test_days(day: date, arabic: str, hanzi: str):
    assert (dates.arabic(day), dates.hanzi(day)) == (arabic, hanzi)


def test_moments_are_told_in_the_zone_of_the_law():
    assert dates.moment(datetime(2026, 9, 3, 16, 5, tzinfo=UTC)) == "2026年9月4日0时5分"
    assert dates.moment(datetime(2026, 9, 3, 1, 0, tzinfo=UTC)) == "2026年9月3日9时"


@pytest.mark.parametrize(
    ("agency", "number"),
    [
        ("江苏省生态环境厅", "江苏环移〔2026〕12号"),
        ("苏州市生态环境局", "苏州环移〔2026〕12号"),
        ("新疆维吾尔自治区生态环境厅", "新疆维吾尔环移〔2026〕12号"),
        ("示例机关", "示例机关环移〔2026〕12号"),
    ],
)
def test_numbers(agency: str, number: str):
    assert numbers.number(agency, "环移", 2026, 12) == number
    assert numbers.order_in(number, agency, "环移") == (2026, 12)


@pytest.mark.parametrize(
    "given", ["苏州环移〔2026〕0号", "苏州环移〔2026〕012号", "苏环移〔2026〕1号", "苏州环移[2026]1号", "1"]
)
def test_a_number_of_another_form_has_no_place_in_our_order(given: str):
    assert numbers.order_in(given, "苏州市生态环境局", "环移") is None
