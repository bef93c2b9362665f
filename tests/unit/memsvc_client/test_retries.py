import httpx2
import pytest
from memsvc_client.retries import LONGEST_PAUSE_S, Attempts, retry_after_s

DATE = "Sun, 01 Mar 2026 09:30:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"Retry-After": "12"}, 12.0),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "soon"}, 0.0),
        ({"Retry-After": "Sun, 01 Mar 2026 09:30:20 GMT", "Date": DATE}, 20.0),
        ({"Retry-After": "Sun, 01 Mar 2026 09:29:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Sun, 01 Mar 2026 09:30:20 GMT"}, 0.0),
        ({"Retry-After": "Sun, 01 Mar 2026 09:30:20 -0000", "Date": DATE}, 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_s(httpx2.Headers(headers)) == seconds


def test_only_ascii_digits_are_a_number() -> None:
    assert retry_after_s(httpx2.Headers([(b"Retry-After", b"\xb2")])) == 0.0


def test_pauses_stay_bounded_when_there_are_many() -> None:
    attempts = Attempts(max_retries=1000)
    pauses = [attempts.pause_after_failure(httpx2.ConnectError("refused")) for _ in range(1000)]
    assert all(pause is not None and 0 < pause <= LONGEST_PAUSE_S for pause in pauses)
    assert attempts.pause_after_failure(httpx2.ConnectError("refused")) is None
