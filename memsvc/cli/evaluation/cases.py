"""Questions to evaluate with: what is asked, and which memories are expected of the answer."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from memsvc_client import Filter, Memory
from pydantic import JsonValue

from memsvc.cli.conversion import turn_id_of
from memsvc.cli.evaluation.sets import Question
from memsvc.cli.evaluation.units import Shown, UnitKind, units_of

TargetKind = Literal["memory", "external_id", "session", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A memory that an answer should, or should not, bring: by one of what names it."""

    kind: TargetKind
    value: str
    source: str | None = None
    """Of an external id, where it is unique only there."""

    def matches(self, memory: Memory) -> bool:
        """Tell whether ``memory`` is what is meant; a quotation is compared without its spacing."""
        match self.kind:
            case "memory":
                return memory.id == UUID(self.value)
            case "session":
                return memory.session_id == self.value
            case "text":
                return _spaced(self.value) in _spaced(memory.text)
            case "external_id":
                own = memory.external_id
                is_it = own is not None and self.value in (own, turn_id_of(own))
                return is_it and self.source in (None, memory.source)

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as golden files have it."""
        source: dict[str, JsonValue] = {} if self.source is None else {"source": self.source}
        return {self.kind: self.value, **source}

    def shown(self, *, with_text: bool) -> str:
        """Return it in a line; a quotation only by its digest, unless with text."""
        value = self.value
        if self.kind == "text" and not with_text:
            value = f"sha256:{hashlib.sha256(value.encode()).hexdigest()[:12]}"
        return ":".join(filter(None, (self.kind, self.source, value)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A question with what is expected of its answer."""

    id: str
    corpus: str
    """Which bank is asked."""
    text: str
    unit: UnitKind = UnitKind.MEMORY
    """What takes a place in the answer."""
    expected: Sequence[Target]
    """None for a question without an answer."""
    misleading: Sequence[Target] = ()
    categories: Sequence[str] = ()
    now: datetime | None = None
    as_of: datetime | None = None
    known_at: datetime | None = None
    timezone: str | None = None
    filter: Filter = field(default_factory=Filter)

    @property
    def key(self) -> str:
        """Names what is asked and expected: of two cases with the same key, both are the same."""
        asked: Mapping[str, JsonValue] = {
            "question": self.text,
            "unit": self.unit.value,
            "expected": _sorted(self.expected),
            "misleading": _sorted(self.misleading),
            "times": [
                None if time is None else time.isoformat()
                for time in (self.now, self.as_of, self.known_at)
            ],
            "timezone": self.timezone,
            "filter": dict(self.filter.to_json()),
        }
        written = json.dumps(asked, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(written.encode()).hexdigest()[:20]


def case_of(question: Question) -> Case:
    """Return the question of a set as a case."""
    kind: TargetKind = "session" if question.unit is UnitKind.SESSION else "external_id"
    return Case(
        id=question.id,
        corpus=question.corpus,
        text=question.text,
        unit=question.unit,
        expected=[Target(kind=kind, value=each) for each in sorted(question.gold)],
        categories=question.categories,
        now=question.asked_at,
    )


def ranks_of(
    targets: Iterable[Target], answer: Sequence[Shown], unit: UnitKind
) -> list[int | None]:
    """Return the place of each target in the answer, from 1; ``None`` where it does not come."""
    places: dict[str, int] = {}
    placed: list[tuple[int, Memory]] = []
    for shown in answer:
        names = units_of(shown, unit)
        placed += [(places.setdefault(name, len(places) + 1), shown.memory) for name in names]
    return [
        min((place for place, memory in placed if target.matches(memory)), default=None)
        for target in targets
    ]


def _sorted(targets: Iterable[Target]) -> list[JsonValue]:
    return [*sorted(json.dumps(each.as_json(), sort_keys=True) for each in targets)]


def _spaced(text: str) -> str:
    return " ".join(text.split()).casefold()
