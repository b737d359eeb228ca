"""How often one may come: requests a minute per person or program, failures per login and per address."""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from shared.errors import Text, TooManyRequests

FAILURES_PER_LOGIN = RateLimitItemPerMinute(8, 10)
FAILURES_PER_ADDRESS = RateLimitItemPerMinute(60, 10)
UNKNOWN_PER_ADDRESS = RateLimitItemPerMinute(300)


class Limits:
    """The counters of one process. `limits` reads the machine's clock itself: no law depends on these minutes."""

    def __init__(self, requests_per_minute: int) -> None:
        storage = MemoryStorage()
        self._requests = RateLimitItemPerMinute(requests_per_minute)
        self._sliding = SlidingWindowCounterRateLimiter(storage)
        self._fixed = FixedWindowRateLimiter(storage)

    def request(self, who: str) -> TooManyRequests | None:
        """Count a request; returns the refusal when it is one too many."""
        if self._sliding.hit(self._requests, "requests", who):
            return None
        reset = self._sliding.get_window_stats(self._requests, "requests", who).reset_time
        return _slow_down(reset, self._requests)

    def check_sign_in(self, login: str, address: str) -> None:
        """Refuse a sign-in after too many failures. Raises TooManyRequests, whether or not the login exists."""
        for item, place in ((FAILURES_PER_LOGIN, ("login", login)), (FAILURES_PER_ADDRESS, ("address", address))):
            if not self._fixed.test(item, *place):
                raise _slow_down(self._fixed.get_window_stats(item, *place).reset_time, item)

    def failed_sign_in(self, login: str, address: str) -> None:
        """Count a failed sign-in against its login and its address."""
        self._fixed.hit(FAILURES_PER_LOGIN, "login", login)
        self._fixed.hit(FAILURES_PER_ADDRESS, "address", address)

    def unknown(self, address: str) -> TooManyRequests | None:
        """Count a request whose token did not hold; returns the refusal when there were too many."""
        if self._fixed.hit(UNKNOWN_PER_ADDRESS, "unknown", address):
            return None
        return _slow_down(self._fixed.get_window_stats(UNKNOWN_PER_ADDRESS, "unknown", address).reset_time)


def _slow_down(reset: float, item: RateLimitItem = UNKNOWN_PER_ADDRESS) -> TooManyRequests:
    wait = max(1, math.ceil(reset - time.time()))
    return TooManyRequests(
        Text(f"请求过于频繁，请在 {wait} 秒后重试", f"Too many requests; try again in {wait} seconds"),
        retry_after=wait,
        limit=str(item),
    )
