"""Dates that a text names, absolute or relative to when it was said.

"last Friday" said on Wednesday, 7 June 2023 is 2023-06-02. What is less exact than a day is named
less exactly: ``2023-05`` for a month, ``2023`` for a year, ``2023-W23`` for an ISO week, and
``2023-21`` to ``2023-24`` for spring, summer, autumn and the winter that begins that year (EDTF,
ISO 8601-2; seasons are those of the northern hemisphere).
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
MONTH_PATTERN = "(?:" + "|".join(sorted(_MONTH_NO, key=len, reverse=True)) + r")\b\.?"
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
_STEPS = {"last": -1, "past": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "coming": 1}
_RELATIVE_YEAR = {"前年": -2, "去年": -1, "明年": 1, "今年": 0, "来年": 1}
_VERBS_TOO = frozenset({"may", "march", "mar", "set"})
"""Months whose names, in small letters, are other words."""
_SEASONS = {"spring": 21, "summer": 22, "autumn": 23, "fall": 23, "winter": 24}
_CHINESE_STEP = {"上": -1, "这": 0, "這": 0, "本": 0, "下": 1}
_CHINESE_DAYS = "一二三四五六日"
_CHINESE_NUMBERS = {
    word: no
    for no, word in enumerate(["零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"])
} | {"两": 2, "几": 3}
_CHINESE_UNITS = {"天": "day", "周": "week", "个月": "month", "年": "year"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTime:
    """A date as the text names it, and which one it is."""

    written: str
    iso: str
    start: int = 0
    """Where it stands in the text: its first character."""
    end: int = 0
    """Past its last character."""


def named_times(text: str, said_at: datetime) -> list[NamedTime]:
    """Return the dates of ``text`` in order; what no calendar has is left out."""
    found: list[NamedTime] = []
    for pattern, resolve in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            iso = _resolved(resolve, match, said_at.date())
            if iso is not None and not any(start < each.end and each.start < end for each in found):
                written = match.group().strip()
                found.append(NamedTime(written=written, iso=iso, start=start, end=end))
    return sorted(found, key=lambda each: each.start)


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


def _month_of_year(match: re.Match[str], _today: date) -> str:
    return date(int(match["y"]), int(match["m"]), 1).isoformat()[:7]


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


def _chinese_step(match: re.Match[str], today: date) -> str:
    unit = "week" if match["unit"] in ("周", "星期", "礼拜", "週") else "month"
    step = _CHINESE_STEP[match["which"]] * (1 + len(match["times"] or ""))
    if unit == "week" and match["day"]:
        day = "日" if match["day"] == "天" else match["day"]
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return (monday + timedelta(days=_CHINESE_DAYS.index(day))).isoformat()
    return _moved(today, step, unit)


def _chinese_counted(match: re.Match[str], today: date) -> str:
    count = _CHINESE_NUMBERS.get(match["n"])
    count = int(match["n"]) if count is None else count
    sign = -1 if match["way"].endswith("前") else 1
    return _moved(today, sign * count, _CHINESE_UNITS[match["unit"]])


def _unit(match: re.Match[str], today: date) -> str:
    step = _STEPS[match["which"].lower()]
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
    month = f"(?P<month>{MONTH_PATTERN})"
    steps = "|".join(_STEPS)
    season = rf"(?P<season>{'|'.join(_SEASONS)})\b"
    chinese_unit = r"(?P<unit>周|週|星期|礼拜|月)"
    chinese_day = r"(?P<day>(?<=[周週期拜])[一二三四五六日天])?"
    number = rf"(?P<n>\d{{1,3}}|{'|'.join(_NUMBERS)})"
    plain: tuple[tuple[str, _Resolve], ...] = (
        (r"\b(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})\b", _full),
        (r"\b(?P<y>(?:19|20)\d{2})(?P<m>0[1-9]|1[0-2])(?P<d>[0-3]\d)\b", _full),
        (r"(?P<y>\d{4})\s?[年]\s?(?P<m>\d{1,2})\s?月\s?(?P<d>\d{1,2})\s?日", _full),
        (r"(?P<y>\d{4})\s?年\s?(?P<m>\d{1,2})\s?月(?!\s?\d)", _month_of_year),
        (r"\b(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})\b", _full),
        (rf"\b{d}\s+(?:of\s+|de\s+)?{month}(?:,?\s+(?:de\s+|of\s+)?{y})?\b", _with_month),
        (rf"\b{month}\s+{d}\b(?!\d)(?:,?\s+{y}\b)?", _with_month),
        (rf"\b{month},?\s+(?:de\s+|of\s+)?{y}(?P<d>)?\b", _with_month_only),
        (rf"\b(?P<which>last|this|next)\s+(?P<day>{'|'.join(_DAYS)})\b", _weekday),
        (rf"\b(?P<which>{steps})\s+(?P<unit>night|weekend|week|month|year)\b", _unit),
        (rf"\b(?P<which>{steps})\s+(?P<month>{MONTH_PATTERN})", _relative_month),
        (
            rf"\b(?P<which>{steps}|in|in the|the|during)\s+{season}(?:\s+(?:of\s+)?{y})?",
            _season,
        ),
        (
            r"\b(?P<which>)(?P<season>spring|summer|autumn|winter)\s+(?:of\s+)?(?P<y>\d{4})\b",
            _season,
        ),
        (
            rf"(?P<which>上|这|這|本|下)(?P<times>上|下)?(?:个|個)?{chinese_unit}{chinese_day}",
            _chinese_step,
        ),
        (
            r"(?<!\d)(?P<n>\d{1,3}|[一二三四五六七八九十两几])(?P<unit>天|周|个月|年)(?P<way>以前|之前|前|以后|之后|后)",
            _chinese_counted,
        ),
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
    month = month_number(match["month"])
    return f"{int(match['y']):04d}-{month:02d}"


_PATTERNS = tuple(_compiled())
