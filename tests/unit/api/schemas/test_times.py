from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from memsvc.api.schemas.times import RequestZone, Timestamp, UtcTime, ZoneName
from memsvc.errors import InvalidRequestError, NaiveTimestampError

TIMESTAMP: TypeAdapter[datetime] = TypeAdapter(Timestamp)
UTC_TIME: TypeAdapter[datetime] = TypeAdapter(UtcTime)
ZONE: TypeAdapter[str] = TypeAdapter(ZoneName)


def local(text: str) -> datetime:
    """Return a time that names no zone."""
    value = datetime.fromisoformat(text)
    assert value.tzinfo is None
    return value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-07T13:56:00Z", datetime(2024, 5, 7, 13, 56, tzinfo=UTC)),
        ("2024-05-07 13:56:00+02:00", datetime(2024, 5, 7, 11, 56, tzinfo=UTC)),
        ("2024-05-07T13:56:00.123456-05:30", datetime(2024, 5, 7, 19, 26, 0, 123456, tzinfo=UTC)),
    ],
)
def test_a_time_with_its_offset_is_an_instant(text: str, expected: datetime) -> None:
    assert RequestZone(None).instant(TIMESTAMP.validate_python(text)) == expected


@pytest.mark.parametrize(
    "value", [1_700_000_000, "1700000000", 1.5, True, "", "7 May 2024", "2024-13-01", "12:00", []]
)
def test_what_is_no_iso_8601_string_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TIMESTAMP.validate_python(value)


def test_a_zone_named_in_the_request_gives_a_local_time_its_offset() -> None:
    zone = RequestZone("Europe/Vienna")

    assert zone.instant(local("2024-01-15T12:00")) == datetime(2024, 1, 15, 11, tzinfo=UTC)
    assert zone.instant(local("2024-07-15T12:00")) == datetime(2024, 7, 15, 10, tzinfo=UTC)


def test_an_offset_of_its_own_is_stronger_than_the_zone_of_the_request() -> None:
    value = datetime(2024, 7, 15, 12, tzinfo=timezone(timedelta(hours=-5)))

    assert RequestZone("Europe/Vienna").instant(value) == datetime(2024, 7, 15, 17, tzinfo=UTC)


def test_a_local_time_that_occurs_twice_is_the_first() -> None:
    twice = local("2024-10-27T02:30")

    assert RequestZone("Europe/Vienna").instant(twice) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)


def test_a_local_time_that_is_skipped_keeps_the_offset_before_the_change() -> None:
    skipped = local("2024-03-31T02:30")

    assert RequestZone("Europe/Vienna").instant(skipped) == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)


def test_a_local_time_without_any_zone_is_refused_with_its_place() -> None:
    with pytest.raises(NaiveTimestampError) as caught:
        RequestZone(None, "episodes", 2).instant(local("2024-05-07"), "occurred_at")

    assert caught.value.details["errors"] == [
        {"loc": ["body", "episodes", 2, "occurred_at"], "msg": "has no zone"}
    ]


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError):
        RequestZone(None).instant(TIMESTAMP.validate_python(text))


def test_no_time_stays_none() -> None:
    assert RequestZone(None).instant(None) is None


@pytest.mark.parametrize(
    "name", ["UTC", "Europe/Vienna", "Asia/Shanghai", "America/Argentina/Salta"]
)
def test_iana_zones_are_known(name: str) -> None:
    assert ZONE.validate_python(name) == name


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "America", "../../../etc/passwd", "/etc/localtime", "a\x00b", "+2"]
)
def test_other_zones_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        ZONE.validate_python(name)


@given(
    st.datetimes(
        min_value=local("0001-01-03"), max_value=local("9999-12-29"), timezones=st.timezones()
    )
)
def test_answers_are_in_utc_with_a_z(instant: datetime) -> None:
    rendered = UTC_TIME.dump_json(UTC_TIME.validate_python(instant)).decode().strip('"')

    assert rendered.endswith("Z")
    assert datetime.fromisoformat(rendered) == instant.astimezone(UTC)
