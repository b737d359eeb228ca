"""Numbers of official documents (文号): place and symbol, year, order: 苏州环移〔2026〕12号."""

import re

PLACE = re.compile(r"(.+?)(?:自治区|自治州|省|市|盟|县|区|旗)")


def number(agency: str, symbol: str, year: int, order: int) -> str:
    """Return the number of an agency's document; `agency` is its Chinese name, `symbol` that of the kind."""
    return f"{_head(agency, symbol)}〔{year}〕{order}号"


def order_in(given: str, agency: str, symbol: str) -> tuple[int, int] | None:
    """Return year and order of a number of our own form, None for one of another form."""
    found = re.fullmatch(rf"{re.escape(_head(agency, symbol))}〔([12][0-9]{{3}})〕([1-9][0-9]{{0,8}})号", given)
    return (int(found[1]), int(found[2])) if found else None


def _head(agency: str, symbol: str) -> str:
    place = PLACE.match(agency)
    return (place[1] if place else agency) + symbol
