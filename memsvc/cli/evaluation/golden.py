"""Golden files: questions of one bank with what is expected, a JSON object a line.

A line is ``{"question", "expected": […]}`` with, if wanted, ``id``, ``category``, ``misleading``,
``now``, ``as_of``, ``known_at``, ``timezone`` and ``filters``. What is expected is named by
``{"memory": ID}``, ``{"external_id": ID, "source": NAME}``, ``{"session": ID}`` or ``{"text":
QUOTATION}``; an id alone is a memory's. Instead of the question, its times and filters a line may
name the ``recall`` that had them: then no text leaves the service until it is asked again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self
from uuid import UUID

from memsvc_client import Filter, RecordedRecall
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError
from pydantic import model_validator as validator

from memsvc.cli.evaluation.cases import Case, Target, TargetKind
from memsvc.cli.failures import CommandError, first_problem

_KINDS: tuple[TargetKind, ...] = ("memory", "external_id", "session", "text")
CORPUS = "golden"
"""The one bank that a golden file is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenCase:
    """A line: a case, or one that lacks what its recall was asked."""

    case: Case
    recall: UUID | None = None
    """Where the question is kept; ``None`` where the case has it."""

    def asked_as(self, recorded: RecordedRecall) -> Case:
        """Return the case with the question, times and filters of its recall."""
        given = recorded.parameters
        narrowing = given.get("filter")
        kept: Mapping[str, JsonValue] = narrowing if isinstance(narrowing, dict) else {}
        return replace(
            self.case,
            text=recorded.query,
            now=recorded.now,
            as_of=_instant(kept.get("as_of")),
            known_at=_instant(kept.get("known_at")),
            timezone=str(given.get("timezone") or "UTC"),
            filter=filter_of(kept),
        )


class _Target(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    memory: UUID | None = None
    external_id: Annotated[str | None, Field(min_length=1)] = None
    session: Annotated[str | None, Field(min_length=1)] = None
    text: Annotated[str | None, Field(min_length=1)] = None
    source: str | None = None

    @validator(mode="after")
    def _names_one(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in _KINDS) != 1:
            raise ValueError(f"name it by one of {', '.join(_KINDS)}")
        if self.source is not None and self.external_id is None:
            raise ValueError("a source goes with an external_id")
        return self

    def to_target(self) -> Target:
        kind = next(kind for kind in _KINDS if getattr(self, kind) is not None)
        return Target(kind=kind, value=str(getattr(self, kind)), source=self.source)


def _as_object(value: object) -> object:
    return {"memory": value} if isinstance(value, str) else value


_Targets = list[Annotated[_Target, BeforeValidator(_as_object)]]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    id: Annotated[str | None, Field(min_length=1)] = None
    question: Annotated[str | None, Field(min_length=1)] = None
    recall: UUID | None = None
    category: str | None = None
    expected: _Targets
    misleading: _Targets = []
    now: datetime | None = None
    as_of: datetime | None = None
    known_at: datetime | None = None
    timezone: str | None = None
    filters: Filter = Filter()

    @validator(mode="after")
    def _asks_something(self) -> Self:
        if (self.question is None) == (self.recall is None):
            raise ValueError("give a question, or the recall that asked it")
        own = {"now", "as_of", "known_at", "timezone", "filters"} & self.model_fields_set
        if self.recall is not None and own:
            raise ValueError(f"{', '.join(sorted(own))}: the recall has its own")
        return self


def read_golden(path: Path) -> list[GoldenCase]:
    """Return the cases of a file; raises ``CommandError``, naming the line.

    A line without an ``id`` is named by its recall, else by its number.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    found = [
        parse_case(text, number, f"{path}, line {number}")
        for number, text in enumerate(lines, start=1)
        if text.strip()
    ]
    if not found:
        raise CommandError(f"{path} holds no question.")
    name, times = Counter(each.case.id for each in found).most_common(1)[0]
    if times > 1:
        raise CommandError(f"{path} has the id {name!r} {times} times.")
    return found


def filter_of(kept: Mapping[str, JsonValue]) -> Filter:
    """Return the filter that a recorded recall was asked with."""
    given = {name: kept[name] for name in Filter.model_fields if kept.get(name)}
    if given.get("states") == ["active"]:
        del given["states"]
    return Filter.model_validate(given)


def parse_case(text: str, number: int, place: str) -> GoldenCase:
    """Return the case of a line; raises ``CommandError``, naming its place."""
    try:
        line = _Line.model_validate_json(text)
    except ValidationError as error:
        raise CommandError(f"{place} is no golden case: {first_problem(error)}") from error
    name = line.id or (str(number) if line.recall is None else str(line.recall))
    return GoldenCase(
        recall=line.recall,
        case=Case(
            id=name,
            corpus=CORPUS,
            text=line.question or "",
            expected=[each.to_target() for each in line.expected],
            misleading=[each.to_target() for each in line.misleading],
            categories=() if line.category is None else (line.category,),
            now=line.now,
            as_of=line.as_of,
            known_at=line.known_at,
            timezone=line.timezone,
            filter=line.filters,
        ),
    )


def _instant(value: JsonValue) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))
