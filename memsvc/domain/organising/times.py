"""Dates that a text names, absolute or relative to when it was said.

"last Friday" said on Wednesday, 7 June 2023 is 2023-06-02. What is less exact than a day is named
less exactly: ``2023-05`` for a month, ``2023`` for a year, ``2023-W23`` for an ISO week.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

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
_MONTH = "(?:" + "|".join(sorted(_MONTH_NO, key=len, reverse=True)) + r")\b\.?"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {
    word: no
    for no, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
} | {"a": 1, "an": 1}
_RELATIVE_DAYS = {
    -2: "vorgestern avant-hier anteayer 前天 一昨日",
    -1: "yesterday gestern hier ayer ieri ontem 昨天 昨日",
    0: "today tonight heute aujourd'hui hoy oggi hoje 今天 今日",
    1: "tomorrow morgen demain mañana domani amanhã 明天 明日",
    2: "übermorgen après-demain 后天 明後日",
}
_RELATIVE_DAY = {word: days for days, words in _RELATIVE_DAYS.items() for word in words.split()}
_RELATIVE_YEAR = {"去年": -1, "明年": 1, "今年": 0, "来年": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTime:
    """A date as the text names it, and which one it is."""

    written: str
    iso: str


def named_times(text: str, said_at: datetime) -> list[NamedTime]:
    """Return the dates of ``text`` in order; what no calendar has is left out."""
    found: list[tuple[int, int, NamedTime]] = []
    for pattern, resolve in _PATTERNS:
        for match in pattern.finditer(text):
            iso = _resolved(resolve, match, said_at.date())
            if iso is not None and not any(
                match.start() < end and start < match.end() for start, end, _ in found
            ):
                named = NamedTime(written=match.group().strip(), iso=iso)
                found.append((match.start(), match.end(), named))
    return [named for _, _, named in sorted(found, key=lambda each: each[0])]


_Resolve = Callable[[re.Match[str], date], str | None]


def _resolved(resolve: _Resolve, match: re.Match[str], today: date) -> str | None:
    try:
        return resolve(match, today)
    except (ValueError, OverflowError):  # the 31st of June, or a year beyond the calendar's
        return None


def _full(match: re.Match[str], _today: date) -> str:
    return date(int(match["y"]), int(match["m"]), int(match["d"])).isoformat()


def _with_month(match: re.Match[str], today: date) -> str:
    month = _MONTH_NO[match["month"].lower().rstrip(".")]
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
    return (today + timedelta(days=_RELATIVE_DAY[match.group().lower()])).isoformat()


def _relative_year(match: re.Match[str], today: date) -> str:
    return str(today.year + _RELATIVE_YEAR[match.group()])


def _weekday(match: re.Match[str], today: date) -> str:
    ahead = (_DAYS.index(match["day"].lower()) - today.weekday()) % 7
    if match["which"].lower() == "last":
        ahead = ahead - 7 if ahead else -7
    elif match["which"].lower() == "next":
        ahead = ahead or 7
    return (today + timedelta(days=ahead)).isoformat()


def _unit(match: re.Match[str], today: date) -> str:
    step = {"last": -1, "next": 1, "this": 0}[match["which"].lower()]
    return _moved(today, step, match["unit"].lower())


def _counted(match: re.Match[str], today: date) -> str:
    number = match["n"].lower()
    count = _NUMBERS[number] if number in _NUMBERS else int(number)
    is_past = match["ago"] is not None
    return _moved(today, -count if is_past else count, match["unit"].lower().rstrip("s"))


def _moved(today: date, count: int, unit: str) -> str:
    if unit == "night":
        unit = "day"
    if unit == "day":
        return (today + timedelta(days=count)).isoformat()
    if unit == "weekend":
        saturday = today + timedelta(days=(5 - today.weekday()) + 7 * count)
        return saturday.isoformat()
    if unit == "week":
        year, week, _ = (today + timedelta(weeks=count)).isocalendar()
        return f"{year}-W{week:02d}"
    if unit == "month":
        months = today.year * 12 + today.month - 1 + count
        return f"{months // 12:04d}-{months % 12 + 1:02d}"
    return f"{today.year + count:04d}"


def _year(match: re.Match[str], _today: date) -> str:
    return match["y"]


def _compiled() -> Iterator[tuple[re.Pattern[str], _Resolve]]:
    y, d = r"(?P<y>\d{4})", r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?"
    month = f"(?P<month>{_MONTH})"
    number = rf"(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})"
    plain: tuple[tuple[str, _Resolve], ...] = (
        (r"\b(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})\b", _full),
        (r"(?P<y>\d{4})\s?[年]\s?(?P<m>\d{1,2})\s?月\s?(?P<d>\d{1,2})\s?日", _full),
        (r"\b(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})\b", _full),
        (rf"\b{d}\s+(?:of\s+|de\s+)?{month}(?:,?\s+(?:de\s+|of\s+)?{y})?\b", _with_month),
        (rf"\b{month}\s+{d}\b(?!\d)(?:,?\s+{y}\b)?", _with_month),
        (rf"\b{month},?\s+(?:de\s+|of\s+)?{y}(?P<d>)?\b", _with_month_only),
        (rf"\b(?P<which>last|this|next)\s+(?P<day>{'|'.join(_DAYS)})\b", _weekday),
        (r"\b(?P<which>last|this|next)\s+(?P<unit>night|weekend|week|month|year)\b", _unit),
        (
            rf"\b{number}\s+(?P<unit>day|week|month|year)s?\s+(?P<ago>ago)\b",
            _counted,
        ),
        (
            rf"\bin\s+{number}\s+(?P<unit>day|week|month|year)s?\b(?P<ago>(?!))?",
            _counted,
        ),
        (r"\b(?:in|since|until|from|im|en|depuis|seit|desde)\s+(?P<y>[12]\d{3})\b", _year),
        (r"(?P<y>[12]\d{3})年", _year),
    )
    for pattern, resolve in plain:
        yield re.compile(pattern, re.IGNORECASE), resolve
    spaced = sorted(word for word in _RELATIVE_DAY if word[0].isascii() or word[0] == "ü")
    yield re.compile(rf"\b(?:{'|'.join(spaced)})\b", re.IGNORECASE), _relative_day
    whole = sorted(set(_RELATIVE_DAY) - set(spaced))
    yield re.compile("|".join(whole)), _relative_day
    yield re.compile("|".join(_RELATIVE_YEAR)), _relative_year


def _with_month_only(match: re.Match[str], _today: date) -> str:
    month = _MONTH_NO[match["month"].lower().rstrip(".")]
    return f"{int(match['y']):04d}-{month:02d}"


_PATTERNS = tuple(_compiled())
