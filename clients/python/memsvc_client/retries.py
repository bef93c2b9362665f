"""When a failed attempt is worth another one, and how long to wait before it."""

import random
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
LONGEST_RETRY_AFTER_S = 30.0
"""A service that wants a longer pause is not waited for."""

RETRYABLE_STATUSES = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
RETRYABLE_FAILURES = (
    httpx2.TimeoutException,
    httpx2.NetworkError,
    # The service went away while it answered.
    httpx2.RemoteProtocolError,
)


class Attempts:
    """The attempts at one call: says whether to try again and after which pause, in seconds.

    Every call may be tried again: the reading ones change nothing, and the mutating ones carry
    the same Idempotency-Key each time.
    """

    def __init__(self, max_retries: int) -> None:
        self._max_retries = max_retries
        self._retries = 0

    def pause_after_failure(self, failure: httpx2.RequestError) -> float | None:
        """Return the pause before the next attempt, or ``None`` to give up."""
        return self._pause() if isinstance(failure, RETRYABLE_FAILURES) else None

    def pause_after_answer(self, answer: httpx2.Response) -> float | None:
        """Return the pause before the next attempt, or ``None`` if ``answer`` is to be kept."""
        if answer.status_code not in RETRYABLE_STATUSES:
            return None
        wish_s = retry_after_s(answer.headers)
        return self._pause(wish_s) if wish_s <= LONGEST_RETRY_AFTER_S else None

    def _pause(self, at_least_s: float = 0.0) -> float | None:
        if self._retries >= self._max_retries:
            return None
        longest_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * (1 << self._retries))
        self._retries += 1
        # Jitter keeps clients that failed together from coming back together.
        return max(at_least_s, longest_s * random.uniform(0.5, 1.0))  # noqa: S311


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return what ``Retry-After`` asks for (RFC 9110 §10.2.3), 0 if nothing readable.

    A date is taken relative to the answer's own ``Date``, so that clocks need not agree.
    """
    wish = headers.get("retry-after", "")
    if wish.isascii() and wish.isdigit():
        return float(wish)
    try:
        pause = parsedate_to_datetime(wish) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, pause.total_seconds())
