"""Tables one sorts by links alone: where a column's head leads, and how it stands; days typed into a form."""

from datetime import date
from urllib.parse import urlencode

from gateway.console import forms
from shared.errors import BodyInvalid, Text

OTHER = {"up": "down", "down": "up"}
STANDS = {"up": "ascending", "down": "descending"}


def head(address: str, asked: dict[str, str], name: str, now: tuple[str, str], *, is_number: bool) -> tuple[str, str]:
    """Return the address that sorts by a column, the other way round if it is sorted by already, and how it is now.

    `now` is the column and the way (up, down) the table stands by.
    """
    sort, order = now
    turned = OTHER[order] if name == sort else "down" if is_number else "up"
    return f"{address}?" + urlencode(asked | {"sort": name, "order": turned}), STANDS[order] if name == sort else ""


def span(named: dict[str, str]) -> tuple[date | None, date | None]:
    """Return the first and the last day typed into two fields; an empty one is None.

    Raises BodyInvalid for what is no day, or days in the wrong order.
    """
    days: list[date | None] = []
    for name, typed in named.items():
        try:
            days.append(date.fromisoformat(typed) if typed else None)
        except ValueError as broken:
            raise forms.unreadable(name) from broken
    first, last = days
    if first and last and first > last:
        words = Text("起始日期晚于截止日期", "The first day lies after the last")
        raise BodyInvalid(words, errors=[{"field": next(iter(named)), "code": "out_of_order", "message": words}])
    return first, last
