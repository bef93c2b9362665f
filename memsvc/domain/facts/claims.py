"""What a sentence claims of whom, and since when; and which claim ends another.

A fact is a claim with the time it holds. Validity decides, never the order of arrival
(design, "Who wins in a contradiction"): ``timeline`` is a function of the set of claims alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_CITIES = {
    "france": "paris lyon marseille nice",
    "germany": "berlin munich hamburg cologne frankfurt",
    "portugal": "lisbon porto",
    "spain": "madrid barcelona seville valencia",
    "italy": "rome milan naples turin florence",
    "england": "london manchester bristol leeds",
    "uk": "london manchester bristol leeds edinburgh glasgow",
    "scotland": "edinburgh glasgow",
    "japan": "tokyo osaka kyoto",
    "china": "beijing shanghai shenzhen",
    "canada": "toronto vancouver montreal ottawa",
    "california": "oakland sacramento berkeley",
    "texas": "austin dallas houston",
    "中国": "北京 上海 深圳 广州 杭州 成都",
    "日本": "东京 大阪 京都",
}
_WITHIN = {(city, country) for country, cities in _CITIES.items() for city in cities.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing said of one subject. Names are in their normal form: folded, without articles."""

    subject: str
    predicate: str
    object: str | None
    """``None`` in a denial: whatever it was."""
    valid_from: datetime
    said_at: datetime
    rule: str
    """Which pattern found it."""
    denies: bool = False
    """It holds no longer."""
    is_functional: bool = True
    """Whether a subject has one such object at a time."""
    is_change: bool = True
    """Whether it may end another; what may be true beside others is ended only."""
    until: datetime | None = None
    """Its own end, after ``valid_from``, where it is said; most claims leave it open."""

    @property
    def slot(self) -> tuple[str, str]:
        """What has one value at a time, if it is functional."""
        return self.subject, self.predicate

    @property
    def order(self) -> tuple[datetime, datetime, str, str, bool]:
        """Since when it holds, then when it was said; the rest only makes the order total."""
        return self.valid_from, self.said_at, self.object or "", self.rule, self.denies


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A claim, and until when it held: the half-open ``[valid_from, valid_to)``."""

    claim: Claim
    ended_by: Claim | None

    @property
    def valid_to(self) -> datetime | None:
        """``None`` while it holds."""
        by = None if self.ended_by is None else self.ended_by.valid_from
        return earlier_end(by, self.claim.until)

    def holds_at(self, instant: datetime) -> bool:
        """Tell whether it held at that instant."""
        is_over = self.valid_to is not None and self.valid_to <= instant
        return self.claim.valid_from <= instant and not is_over


def ends(earlier: Claim, later: Claim) -> bool:
    """Tell whether what holds later takes the place of the earlier claim, or takes it back."""
    if earlier.slot != later.slot or earlier.denies or later.order <= earlier.order:
        return False
    if earlier.until is not None and earlier.until <= later.valid_from:
        return False  # it was over by then
    if later.denies:
        return later.object is None or _agree(earlier.object, later.object)
    if not (earlier.is_functional and later.is_functional and later.is_change):
        return False
    return not _agree(earlier.object, later.object)


def earlier_end(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two ends, of which ``None`` is never."""
    ends_at = [each for each in (one, other) if each is not None]
    return min(ends_at, default=None)


def timeline(claims: Iterable[Claim]) -> list[Held]:
    """Return the claims of any slots that are no denials, with their ends, in their order."""
    slots: dict[tuple[str, str], list[Claim]] = {}
    for claim in sorted(set(claims), key=lambda each: each.order):
        slots.setdefault(claim.slot, []).append(claim)
    found = []
    for some in slots.values():
        for place, claim in enumerate(some):
            if not claim.denies:
                later = (each for each in some[place + 1 :] if ends(claim, each))
                found.append(Held(claim=claim, ended_by=next(later, None)))
    return sorted(found, key=lambda each: (each.claim.order, each.claim.slot))


def _agree(one: str | None, other: str | None) -> bool:
    """Tell whether two objects may be one: the same words, some of them, or a city's country."""
    if one is None or other is None:
        return True
    first, second = set(one.split()), set(other.split())
    return first <= second or second <= first or bool(_WITHIN & {(one, other), (other, one)})
