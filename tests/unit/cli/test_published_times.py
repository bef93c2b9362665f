"""Times in every form that the data sets use."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.cli.published_times import parse_published
from memsvc.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2023-05-08T13:56:00", datetime(2023, 5, 8, 13, 56, tzinfo=UTC)),
        ("2023-05-08T13:56:00Z", datetime(2023, 5, 8, 13, 56, tzinfo=UTC)),
        ("2023-05-08T13:56:00+02:00", datetime(2023, 5, 8, 11, 56, tzinfo=UTC)),
        ("20260105_11:00", datetime(2026, 1, 5, 11, tzinfo=UTC)),
        ("2023/05/20 (Sat) 02:21", datetime(2023, 5, 20, 2, 21, tzinfo=UTC)),
        ("2023-04-27", datetime(2023, 4, 27, tzinfo=UTC)),
        ("March-15-2024", datetime(2024, 3, 15, tzinfo=UTC)),
        (" 2023-04-27\n", datetime(2023, 4, 27, tzinfo=UTC)),
    ],
)
def test_every_published_form_is_an_instant_in_utc(written: str, expected: datetime) -> None:
    parsed = parse_published(written)
    assert parsed == expected
    assert parsed.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_in_the_zone_given() -> None:
    parsed = parse_published("2023/05/20 (Sat) 02:21", ZoneInfo("Asia/Shanghai"))
    assert parsed == datetime(2023, 5, 19, 18, 21, tzinfo=UTC)


def test_a_time_with_a_zone_keeps_it_whatever_zone_is_given() -> None:
    parsed = parse_published("2023-05-20T02:21:00Z", ZoneInfo("Asia/Shanghai"))
    assert parsed == datetime(2023, 5, 20, 2, 21, tzinfo=UTC)


@pytest.mark.parametrize("written", ["", "yesterday", "2023-13-01", "Mai-15-2024", "15.3.2024"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(InvalidRequestError, match="not a time"):
        parse_published(written)


@given(
    st.datetimes(
        min_value=datetime(1900, 1, 2),  # noqa: DTZ001
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.just(timezone(timedelta(hours=3))),
    )
)
def test_iso_times_are_read_back_as_they_were_written(time: datetime) -> None:
    assert parse_published(time.isoformat()) == time
