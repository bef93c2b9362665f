"""Dates that a text names, absolute or relative to when it was said.

"last Friday" said on Wednesday, 7 June 2023 is 2023-06-02. What is less exact than a day is named
less exactly, as ``calendar_spans`` has it: ``2023-05`` for a month, ``2023-W23`` for an ISO week.
Chinese dates are read by ``named_times_zh``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from memsvc.domain.times.calendar_spans import Granularity, granularity_of, moved
from memsvc.domain.times.named_times_zh import CHINESE_PATTERNS, WEEKENDS
from memsvc.domain.times.number_words import NUMBER_PATTERN, read_number

_MONTHS = {
    1: "january jan januar janvier enero gennaio janeiro",
    2: "february feb februar février febrero febbraio fevereiro",
    3: "march mar märz mars marzo março",
    4: "april apr avril abril aprile",
    5: "may mai mayo maggio maio",
    6: "june jun juni juin junio giugno junho",
    7: "july jul juli juillet julio luglio julho",
    8: "august aug août agosto",
    9: "september sep sept septembre septiembre settembre setembro",
    10: "october oct oktober octobre octubre ottobre outubro",
    11: "november nov novembre noviembre novembro",
    12: "december dec dezember décembre diciembre dicembre dezembro",
}
_MONTH_NO = {name: no for no, names in _MONTHS.items() for name in names.split()}
_SHORT_MONTHS = (
    *("jan", "feb", "mar", "apr", "avr", "jun", "jul", "aug"),
    *("sep", "sept", "oct", "okt", "nov", "dec", "dez"),
)
"""With a full stop; after others it ends the sentence."""
MONTH_PATTERN = rf"(?:(?:{'|'.join(_SHORT_MONTHS)})\b\.?|(?:{'|'.join(_MONTH_NO)})\b)"
DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_RELATIVE_DAYS = {
    -2: "vorgestern avant-hier anteayer",
    -1: "yesterday gestern hier ayer ieri ontem",
    0: "today tonight heute aujourd'hui hoy oggi hoje",
    1: "tomorrow morgen demain mañana domani amanhã",
    2: "übermorgen après-demain",
}
_RELATIVE_DAY = {word: days for days, words in _RELATIVE_DAYS.items() for word in words.split()} | {
    "the day before yesterday": -2,
    "the day after tomorrow": 2,
}
_STEPS = {"last": -1, "past": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "coming": 1}
_COUNTED = "day|night|weekend|week|month|quarter|year|decade"
_VERBS_TOO = frozenset({"may", "march", "mar", "set"})
"""Months whose names, in small letters, are other words."""
_SEASONS = {"spring": 21, "summer": 22, "autumn": 23, "fall": 23, "winter": 24}
_UNITS = {each.value: each for each in Granularity} | dict.fromkeys(
    ("night", "morning", "afternoon", "evening"), Granularity.DAY
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTime:
    """A date as the text names it, and which one it is."""

    written: str
    iso: str
    start: int = 0
    """Where it stands in the text: its first character."""
    end: int = 0
    """Past its last character."""
    granularity: Granularity = Granularity.DAY
    """How exactly it is named."""


def named_times(text: str, said_at: datetime) -> list[NamedTime]:
    """Return the dates of ``text`` in order; what no calendar has is left out."""
    found: list[NamedTime] = []
    for pattern, resolve in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            iso = _resolved(resolve, match, said_at.date())
            if iso is not None and not any(start < each.end and each.start < end for each in found):
                written = match.group().strip()
                found.append(
                    NamedTime(
                        written=written,
                        iso=iso,
                        start=start,
                        end=end,
                        granularity=_granularity(match, iso),
                    )
                )
    return sorted(found, key=lambda each: each.start)


def _granularity(match: re.Match[str], iso: str) -> Granularity:
    """Return how exactly a time is named: a weekend is written as its Saturday."""
    unit = (match.groupdict().get("unit") or "").lower().rstrip("s")
    return Granularity.WEEKEND if unit in WEEKENDS else granularity_of(iso)


_Resolve = Callable[[re.Match[str], date], str | None]


def _resolved(resolve: _Resolve, match: re.Match[str], today: date) -> str | None:
    try:
        return resolve(match, today)
    except (ValueError, OverflowError):  # the 31st of June, or a year beyond the calendar's
        return None


def month_number(name: str) -> int:
    """Return which month (1 to 12) is called so; raises ``KeyError`` if none."""
    return _MONTH_NO[name.lower().rstrip(".")]


def _full(match: re.Match[str], _today: date) -> str:
    return date(int(match["y"]), int(match["m"]), int(match["d"])).isoformat()


def _with_month(match: re.Match[str], today: date) -> str:
    month = month_number(match["month"])
    year, day = match["y"], match["d"]
    if day is None:
        return (
            f"{int(year):04d}-{month:02d}" if year else f"{_nearest_year(month, today)}-{month:02d}"
        )
    return date(int(year) if year else _nearest_year(month, today), month, int(day)).isoformat()


def _nearest_year(month: int, today: date) -> int:
    """Return the year whose month of this name is nearest to today."""
    return min(
        (today.year - 1, today.year, today.year + 1),
        key=lambda year: abs((year - today.year) * 12 + month - today.month),
    )


def _relative_day(match: re.Match[str], today: date) -> str:
    words = " ".join(match.group().lower().split())
    return (today + timedelta(days=_RELATIVE_DAY[words])).isoformat()


def _weekday(match: re.Match[str], today: date) -> str:
    ahead = (DAY_NAMES.index(match["day"].lower()) - today.weekday()) % 7
    which = match["which"].lower()
    if which.endswith(("last", "past")):
        ahead = ahead - 7 if ahead else -7
    elif which == "next":
        ahead = ahead or 7
    return (today + timedelta(days=ahead)).isoformat()


def _relative_month(match: re.Match[str], today: date) -> str:
    """Return the last, this or next month of a name: never the current one for last and next."""
    if match["month"] in _VERBS_TOO:
        raise ValueError("a verb, it seems")
    month = month_number(match["month"])
    step = _STEPS[match["which"].lower()]
    is_in_this_year = step * (month - today.month) > 0
    year = today.year if is_in_this_year else today.year + step
    return f"{year:04d}-{month:02d}"


def _season(match: re.Match[str], today: date) -> str:
    """Return the season, as the year it begins in and its EDTF number."""
    number = _SEASONS[match["season"].lower()]
    first_month = 3 * (number - 20)
    which = (match["which"] or "in").lower()
    if match["y"]:
        return f"{match['y']}-{number}"
    year = today.year
    if which in ("last", "past") and today.month < first_month + 3:
        year -= 1
    elif which == "next" and today.month >= first_month:
        year += 1
    elif which not in ("last", "past", "next") and today.month < first_month - 5:
        year -= 1
    return f"{year:04d}-{number}"


def _month_of_relative_year(match: re.Match[str], today: date) -> str:
    """Return "May of last year"; in small letters "may" is a verb."""
    if match["month"] in _VERBS_TOO:
        raise ValueError("a verb, it seems")
    return f"{today.year + _STEPS[match['which'].lower()]:04d}-{month_number(match['month']):02d}"


def _season_of_relative_year(match: re.Match[str], today: date) -> str:
    year = today.year + _STEPS[match["which"].lower()]
    return f"{year:04d}-{_SEASONS[match['season'].lower()]}"


def _unit(match: re.Match[str], today: date) -> str:
    return moved(today, _STEPS[match["which"].lower()], _UNITS[match["unit"].lower()])


def _before_last(match: re.Match[str], today: date) -> str:
    return moved(today, -2, _UNITS[match["unit"].lower()])


def _counted(match: re.Match[str], today: date) -> str:
    count = read_number(match["n"])
    is_past = match["ago"] is not None
    unit = _UNITS[match["unit"].lower().rstrip("s")]
    return moved(today, -count if is_past else count, unit)


def _quarter(match: re.Match[str], _today: date) -> str:
    return f"{match['y']}-{32 + int(match['q'])}"


def _decade(match: re.Match[str], _today: date) -> str:
    return f"{match['y'][:3]}X"


def _year(match: re.Match[str], _today: date) -> str:
    return match["y"]


def _compiled() -> Iterator[tuple[re.Pattern[str], _Resolve]]:
    y, d = r"(?P<y>\d{4})", r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?"
    month = f"(?P<month>{MONTH_PATTERN})"
    steps = "|".join(_STEPS)
    season = rf"(?P<season>{'|'.join(_SEASONS)})\b"
    number = rf"(?P<n>{NUMBER_PATTERN})"
    of_year = r"\s+(?:of\s+)?(?P<which>last|this|next)\s+year\b"
    plain: tuple[tuple[str, _Resolve], ...] = (
        (r"\b(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})\b", _full),
        (r"\b(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)\b", _full),
        (r"\b(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})\b", _full),
        (rf"\b{d}\s+(?:of\s+|de\s+)?{month}(?:,?\s+(?:de\s+|of\s+)?{y})?\b", _with_month),
        (rf"\b{month}\s+{d}\b(?!\d)(?:,?\s+{y}\b)?", _with_month),
        (rf"\b{month},?\s+(?:de\s+|of\s+)?{y}(?P<d>)?\b", _with_month_only),
        (rf"\b{month}{of_year}", _month_of_relative_year),
        (rf"\b{season}{of_year}", _season_of_relative_year),
        (
            rf"\b(?P<which>this\s+past|last|past|this|next)\s+(?P<day>{'|'.join(DAY_NAMES)})\b",
            _weekday,
        ),
        (r"\bthe\s+(?P<unit>weekend|week|month|year)\s+before\s+last\b", _before_last),
        (
            rf"\b(?P<which>{steps})\s+(?P<unit>night|weekend|week|month|quarter|year)\b(?!\s+of\b)",
            _unit,
        ),
        (r"\b(?P<which>last|this)\s+(?P<unit>morning|afternoon|evening)\b", _unit),
        (rf"\b(?P<which>{steps})\s+(?P<month>{MONTH_PATTERN})", _relative_month),
        (
            rf"\b(?P<which>{steps}|in|in the|the|during)\s+{season}(?:\s+(?:of\s+)?{y})?",
            _season,
        ),
        (
            r"\b(?P<which>)(?P<season>spring|summer|autumn|winter)\s+(?:of\s+)?(?P<y>\d{4})\b",
            _season,
        ),
        (rf"\bQ(?P<q>[1-4])\s+(?:of\s+)?{y}\b", _quarter),
        (rf"\b{number}\s+(?P<unit>{_COUNTED})s?\s+(?P<ago>ago)\b", _counted),
        (rf"\bin\s+{number}\s+(?P<unit>{_COUNTED})s?\b(?P<ago>(?!))?", _counted),
        (r"\b(?:in\s+the|during\s+the|the)\s+(?P<y>(?:19|20)\d0)s\b", _decade),
        (r"\b(?:in|since|until|from|im|en|depuis|seit|desde)\s+(?P<y>[12]\d{3})\b", _year),
    )
    for pattern, resolve in plain:
        yield re.compile(pattern, re.IGNORECASE), resolve
    yield from CHINESE_PATTERNS
    words = sorted(_RELATIVE_DAY, key=len, reverse=True)
    spaced = "|".join(word.replace(" ", r"\s+") for word in words)
    yield re.compile(rf"\b(?:{spaced})\b", re.IGNORECASE), _relative_day


def _with_month_only(match: re.Match[str], _today: date) -> str:
    month = month_number(match["month"])
    return f"{int(match['y']):04d}-{month:02d}"


_PATTERNS = tuple(_compiled())
