"""Which enterprise an id names, however it was typed: ids that are taken in are kept as their key."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator

from shared.records.views import Words


def enterprise_key(text: str) -> str:
    """Return an id in capitals and narrow signs, without blanks around it and signs nobody sees."""
    seen = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return seen.strip().upper()


def is_same_enterprise(one: str, other: str) -> bool:
    """Whether two ids name the same enterprise."""
    return enterprise_key(one) == enterprise_key(other)


def _named(text: str) -> str:
    key = enterprise_key(text)
    if not key:
        raise ValueError("企业编号没有可见字符 / no visible sign in the id of the enterprise")
    return key


EnterpriseId = Annotated[Words, AfterValidator(_named)]
"""An id as a body brings it: kept as its key, so that one enterprise is one wherever it is counted or looked for."""
