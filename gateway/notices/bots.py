"""Chat bots through apprise: which services are allowed, and one message sent to one bot."""

import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from shared.errors import BodyInvalid, Text
from shared.records.deliveries import Answer

FIXED_HOSTS = frozenset({"wecombot", "dingtalk", "feishu", "lark", "slack", "tgram", "pushplus"})
"""Services whose plugin posts to the service's own host, whatever the address says."""
LOCAL = frozenset({"json"})
"""Posts to the host of the address: on this machine and in development only; elsewhere the signed webhook is used."""
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
MARKS = {"zh": "【紧急】", "en": "[Urgent] "}


def check_bot(url: str, *, is_production: bool) -> None:
    """Refuse a bot address that is not of an allowed service, or carries options. Raises BodyInvalid."""
    if any(sign <= " " or sign == "\x7f" for sign in url):
        raise _refused("地址含有空白或者控制字符", "The address holds white space or control characters")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as broken:
        raise _refused("地址无法解读", "The address cannot be read") from broken
    is_local = not is_production and parts.scheme in LOCAL and host in LOOPBACK
    if parts.scheme not in FIXED_HOSTS and not is_local:
        listed = "、".join(sorted(FIXED_HOSTS))
        raise _refused(f"只接受下列机器人：{listed}", f"Only these bots are taken: {', '.join(sorted(FIXED_HOSTS))}")
    if parts.query or parts.fragment:
        raise _refused("机器人地址不得带参数", "The address of a bot takes no options")
    if _plugin(url) is None:
        raise _refused("机器人地址不完整", "The address of the bot is not complete")


def send(url: str, said: Mapping[str, Any]) -> Answer:
    """Send a letter to a bot. The service's plugin says only whether it was taken, so a failure is tried again."""
    plugin = _plugin(url)
    if plugin is None:
        return Answer(400, "the address of the bot cannot be used")
    mark = MARKS[said["language"]] if said["level"] == "urgent" else ""
    taken = plugin.notify(title=mark + said["title"], body=f"{said['body']}\n{said['subject']}")
    return Answer(200) if taken else Answer(503, "the bot's service did not take the message")


def _plugin(url: str) -> Any:
    """Return the apprise plugin of an address; None when apprise cannot read it."""
    found = _apprise().instantiate(url, suppress_exceptions=True)
    if not found:
        return None
    found.redirects = False
    return found


@cache
def _apprise() -> Any:
    """Load apprise with its plugins, which takes a moment and touches modules that Python is about to drop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from apprise import Apprise

        Apprise.instantiate("lark://plugins", suppress_exceptions=True)
    return Apprise


def _refused(zh: str, en: str) -> BodyInvalid:
    message = Text(zh, en)
    return BodyInvalid(message, errors=[{"field": "url", "code": "address_refused", "message": message}])
