"""Times as files state them, in the ways in which data sets and exports are published."""

from datetime import UTC, datetime, tzinfo

from memsvc.errors import InvalidRequestError

_PATTERNS = (
    "%Y%m%d_%H:%M",  # 20260105_11:00
    "%Y/%m/%d (%a) %H:%M",  # 2023/05/20 (Sat) 02:21
    "%B-%d-%Y",  # March-15-2024
)


def parse_published(written: str, zone: tzinfo = UTC) -> datetime:
    """Return the instant, in UTC: of an ISO 8601 time or date, or of one of the other forms.

    A time without a zone of its own is in ``zone``; a date alone is its midnight. Raises
    ``InvalidRequestError``.
    """
    time = _parse(written.strip())
    return (time.replace(tzinfo=zone) if time.tzinfo is None else time).astimezone(UTC)


def _parse(written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        pass
    for pattern in _PATTERNS:
        try:
            return datetime.strptime(written, pattern)  # noqa: DTZ007 — the caller adds the zone
        except ValueError:
            continue
    raise InvalidRequestError(f"{written!r} is not a time; write it as 2026-01-31T18:30:00Z.")
