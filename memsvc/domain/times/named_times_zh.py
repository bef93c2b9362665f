"""Dates that a Chinese text names: 去年五月, 上周五, 十五天前, 2022年夏天 (Japanese: 昨日)."""
# ruff: noqa: RUF001 - 〇 is a numeral.

import re
from collections.abc import Callable
from datetime import date, timedelta

from memsvc.domain.times.calendar_spans import Granularity, moved
from memsvc.domain.times.number_words import CHINESE_NUMBER_PATTERN, read_chinese_number

WEEKENDS = frozenset({"weekend", "周末", "週末"})
"""Words for a weekend, which is named by its Saturday."""
CHINESE_UNITS = {
    "天": Granularity.DAY,
    "日": Granularity.DAY,
    "周": Granularity.WEEK,
    "週": Granularity.WEEK,
    "星期": Granularity.WEEK,
    "礼拜": Granularity.WEEK,
    "禮拜": Granularity.WEEK,
    "月": Granularity.MONTH,
    "季度": Granularity.QUARTER,
    "年": Granularity.YEAR,
    "周末": Granularity.WEEKEND,
    "週末": Granularity.WEEKEND,
}
CHINESE_MONTH_PATTERN = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?:份)?"
_YEARS = {
    "大前年": -3,
    "前年": -2,
    "去年": -1,
    "今年": 0,
    "明年": 1,
    "来年": 1,
    "來年": 1,
    "后年": 2,
    "後年": 2,
}
_DAYS = {
    word: days
    for days, words in {
        -3: "大前天",
        -2: "前天 前晚 一昨日",
        -1: "昨天 昨日 昨晚",
        0: "今天 今日 今晚 今早",
        1: "明天 明日 明晚",
        2: "后天 後天 明後日",
        3: "大后天 大後天",
    }.items()
    for word in words.split()
}
_STEP = {"上": -1, "这": 0, "這": 0, "本": 0, "下": 1}
_WEEKDAYS = "一二三四五六日"
_SEASONS = {"春": 21, "夏": 22, "秋": 23, "冬": 24}
_A_FEW = {"几": 3, "幾": 3}
_HALF_A_YEAR = 6

_Resolve = Callable[[re.Match[str], date], str]


def chinese_month(written: str) -> int:
    """Return which month (1 to 12) is written as ``CHINESE_MONTH_PATTERN`` has it."""
    return read_chinese_number(written.removesuffix("份").removesuffix("月").lstrip("0"))


def chinese_weekday(written: str) -> int:
    """Return which day of the week, Monday being 0, is written as 一 to 六, 日 or 天."""
    return _WEEKDAYS.index("日" if written == "天" else written)


def _year_of(match: re.Match[str], today: date) -> int:
    return int(match["y"]) if match["y"] else today.year + _YEARS[match["which"]]


def _day(match: re.Match[str], today: date) -> str:
    day = read_chinese_number(match["d"])
    return date(_year_of(match, today), chinese_month(match["m"]), day).isoformat()


def _day_of_nearest_year(match: re.Match[str], today: date) -> str:
    month, day = chinese_month(match["m"]), read_chinese_number(match["d"])
    years = (today.year - 1, today.year, today.year + 1)
    year = min(years, key=lambda each: abs((each - today.year) * 12 + month - today.month))
    return date(year, month, day).isoformat()


def _month(match: re.Match[str], today: date) -> str:
    return date(_year_of(match, today), chinese_month(match["m"]), 1).isoformat()[:7]


def _season(match: re.Match[str], today: date) -> str:
    return f"{_year_of(match, today):04d}-{_SEASONS[match['season']]}"


def _quarter(match: re.Match[str], today: date) -> str:
    number = read_chinese_number(match["q"])
    return f"{_year_of(match, today):04d}-{32 + number}"


def _year(match: re.Match[str], today: date) -> str:
    return f"{_year_of(match, today):04d}"


def _decade(match: re.Match[str], _today: date) -> str:
    return f"{match['y'] or '19'}{read_chinese_number(match['n']) // 10}X"


def _stepped(match: re.Match[str], today: date) -> str:
    """Return 上周, 上上周, 这个月; 上周五 is a day of that week."""
    unit = CHINESE_UNITS[match["unit"]]
    step = _STEP[match["which"]] * (1 + len(match["times"] or ""))
    if unit is Granularity.WEEK and match["day"]:
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=step)
        return (monday + timedelta(days=chinese_weekday(match["day"]))).isoformat()
    return moved(today, step, unit)


def _counted(match: re.Match[str], today: date) -> str:
    count = _A_FEW.get(match["n"]) or read_chinese_number(match["n"])
    sign = -1 if match["way"].endswith("前") else 1
    return moved(today, sign * count, CHINESE_UNITS[match["unit"]])


def _half_a_year(match: re.Match[str], today: date) -> str:
    sign = -1 if match["way"].endswith("前") else 1
    return moved(today, sign * _HALF_A_YEAR, Granularity.MONTH)


def _relative_day(match: re.Match[str], today: date) -> str:
    return (today + timedelta(days=_DAYS[match.group()])).isoformat()


def _compiled() -> list[tuple[re.Pattern[str], _Resolve]]:
    month = rf"(?P<m>{CHINESE_MONTH_PATTERN})"
    day = r"(?P<d>\d{1,2}|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])\s?[日号號]"
    longest = sorted(_YEARS, key=len, reverse=True)
    only_year = rf"(?:(?P<y>[12]\d{{3}})\s?年|(?P<which>{'|'.join(longest)}))"
    year = rf"{only_year}的?\s?"
    way = "(?P<way>以前|之前|前|以后|之后|以後|之後|后|後)"
    count = rf"(?<![\d零〇一二两兩三四五六七八九十百])(?P<n>{CHINESE_NUMBER_PATTERN}|几|幾)"
    units = r"周末|週末|周|週|星期|礼拜|禮拜|季度|月"
    weekday = r"(?P<day>(?<=[周週期拜])[一二三四五六日天])?"
    patterns: tuple[tuple[str, _Resolve], ...] = (
        (rf"{year}{month}\s?{day}", _day),
        (rf"{year}{month}(?!\s?\d)", _month),
        (rf"(?<![\d一二三四五六七八九十年个個]){month}\s?{day}", _day_of_nearest_year),
        (rf"{year}(?P<season>[春夏秋冬])(?:天|季|日|里)?", _season),
        (rf"{year}第?(?P<q>[1-4一二三四])季度", _quarter),
        (
            rf"(?P<which>上|这|這|本|下)(?P<times>上|下)?(?:个|個)?(?P<unit>{units}){weekday}",
            _stepped,
        ),
        (rf"半年{way}", _half_a_year),
        (rf"{count}(?P<unit>天|日|周|週|年){way}", _counted),
        (rf"{count}(?:个|個)(?P<unit>周末|週末|星期|礼拜|禮拜|季度|月){way}", _counted),
        (rf"{count}(?P<unit>星期|礼拜|禮拜){way}", _counted),
        (r"(?:(?P<y>19|20)|上世纪|上世紀)?(?P<n>[1-9]0|[二三四五六七八九]十)年代", _decade),
        (only_year, _year),
        ("|".join(sorted(_DAYS, key=len, reverse=True)), _relative_day),
    )
    return [(re.compile(pattern), resolve) for pattern, resolve in patterns]


CHINESE_PATTERNS = tuple(_compiled())
"""Patterns, most exact first, and what their matches are called in ISO 8601."""
