"""Times on the wire: ISO 8601 in, UTC out, and no time without a zone."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from memsvc.api.schemas import limits
from memsvc.errors import InvalidRequestError, NaiveTimestampError


def _parse(value: object) -> datetime:
    # pydantic alone would also take numbers, and guess between seconds and milliseconds.
    if not isinstance(value, str):
        raise ValueError("must be a string with an ISO 8601 time")  # noqa: TRY004 — for pydantic
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be an ISO 8601 time such as 2024-05-07T13:56:00Z") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError("must be an IANA time zone such as Europe/Vienna") from None


def _known_zone(name: str) -> str:
    return _zone(name).key


def _to_instant(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must name its offset, as in 2024-05-07T13:56:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from None


def _to_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Timestamp = Annotated[
    datetime,
    BeforeValidator(_parse),
    Field(
        description="ISO 8601; without an offset only where the request names a `timezone`.",
        examples=["2024-05-07T13:56:00Z"],
    ),
]
ZoneName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=limits.NAME_CHARS,
        description="IANA time zone of every time in this object that has no offset. Of a local "
        "time that occurs twice the first is taken; one that daylight saving skips is read with "
        "the offset before the change.",
        examples=["Europe/Vienna"],
    ),
    AfterValidator(_known_zone),
]
QueryTime = Annotated[
    datetime,
    BeforeValidator(_parse),
    AfterValidator(_to_instant),
    Field(description="ISO 8601 with an offset.", examples=["2024-05-07T13:56:00Z"]),
]
"""A time among the parameters of a query, where no zone is named beside it."""
UtcTime = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc),
    Field(description="ISO 8601 in UTC.", examples=["2024-05-07T13:56:00Z"]),
]


class RequestZone:
    """Turns the times of one request object into instants."""

    def __init__(self, name: str | None, *location: str | int) -> None:
        """Read naive times in the zone ``name``; ``location`` is where the object stands."""
        self._zone = None if name is None else _zone(name)
        self._location = ("body", *location)

    def instant(self, value: datetime | None, *location: str | int) -> datetime | None:
        """Return ``value`` in UTC; raises ``NaiveTimestampError`` if its zone is not known."""
        if value is None:
            return None
        if value.tzinfo is None:
            if self._zone is None:
                raise NaiveTimestampError(errors=self._error("has no zone", location))
            value = value.replace(tzinfo=self._zone, fold=0)
        try:
            return value.astimezone(UTC)
        except OverflowError:
            raise InvalidRequestError(
                errors=self._error("lies outside the years 1 to 9999 in UTC", location)
            ) from None

    def _error(self, message: str, location: tuple[str | int, ...]) -> list[dict[str, object]]:
        return [{"loc": [*self._location, *location], "msg": message}]
