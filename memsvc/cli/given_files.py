"""Files of facts and entities that were read from memories elsewhere."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Annotated

from memsvc_client import AsyncBank, GivenEntity, GivenFact, Source
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from memsvc.cli.failures import CommandError, first_problem

_FACTS_PER_CALL = 2_000
_PARTS = 3


class _UnnamedError(Exception):
    """A fact of no memory."""


class _FactLine(BaseModel):
    """One triple a line."""

    model_config = ConfigDict(extra="forbid")

    subject: str
    predicate: str
    object: str
    memory_id: str | None = None
    external_id: str | None = None
    source: str | None = None
    subject_type: str | None = None
    object_type: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None


class _TypedName(BaseModel):
    """An entity with its type."""

    name: str
    type: str | None = None


class _PassageLine(BaseModel):
    """One passage a line, with what an OpenIE tool has read from it."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    passage_id: Annotated[str, Field(min_length=1)]
    entities: list[str | _TypedName] = []
    triples: list[list[str]] = []


@dataclass(slots=True, kw_only=True)
class GivenBatch:
    """What one request carries."""

    facts: list[GivenFact] = field(default_factory=list)
    entities: list[GivenEntity] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.facts) + len(self.entities)


@dataclass(slots=True, kw_only=True)
class GivenContents:
    """What a file holds."""

    sources: int = 0
    facts: int = 0
    entities: int = 0
    skipped: int = 0
    """Triples and names that say nothing: not three parts, or without a letter or digit."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return the counts as JSON."""
        return {
            "sources": self.sources,
            "facts": self.facts,
            "entities": self.entities,
            "skipped": self.skipped,
        }

    def as_text(self) -> str:
        """Return the counts as a sentence."""
        said = f"{self.facts} facts and {self.entities} entities of {self.sources} memories"
        return f"{said}; {self.skipped} that say nothing." if self.skipped else f"{said}."


def read_given(path: Path, source: str | None) -> tuple[list[GivenBatch], GivenContents]:
    """Return the requests a file makes, each of whole sources, and what it holds.

    A line is a fact (``subject``, ``predicate``, ``object``, and ``memory_id`` or ``external_id``)
    or a passage (``passage_id``, ``triples``, ``entities``). ``source`` is the feed of memories
    that are named by external id, where the line names none. Raises ``CommandError`` that names
    the line.
    """
    contents = GivenContents()
    by_source: dict[str, GivenBatch] = {}
    with path.open(encoding="utf-8-sig") as lines:
        for number, text in enumerate(lines, start=1):
            if text.strip():
                found = _read_line(text, source, contents, f"{path}, line {number}")
                for fact in found.facts:
                    by_source.setdefault(_source_of(fact), GivenBatch()).facts.append(fact)
                for entity in found.entities:
                    by_source.setdefault(_source_of(entity), GivenBatch()).entities.append(entity)
    contents.sources = len(by_source)
    return list(_joined(by_source.values())), contents


def _joined(parts: Iterable[GivenBatch]) -> Iterator[GivenBatch]:
    batch = GivenBatch()
    for part in parts:
        if len(batch) and len(batch) + len(part) > _FACTS_PER_CALL:
            yield batch
            batch = GivenBatch()
        batch.facts += part.facts
        batch.entities += part.entities
    if len(batch):
        yield batch


def _source_of(given: Source) -> str:
    return str(given.memory_id or f"{given.source or ''}\0{given.external_id}")


def _read_line(text: str, source: str | None, contents: GivenContents, place: str) -> GivenBatch:
    try:
        read = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{place} is not JSON: {error}") from error
    if not isinstance(read, Mapping):
        raise CommandError(f"{place} is not a JSON object.")
    try:
        if "passage_id" in read:
            found = _of_passage(_PassageLine.model_validate(read), source, contents)
        else:
            found = _of_fact(_FactLine.model_validate(read), source)
    except _UnnamedError:
        raise CommandError(
            f"{place} names no memory, or two: give memory_id or external_id."
        ) from None
    except ValidationError as error:
        raise CommandError(f"{place}: {first_problem(error)}") from error
    contents.facts += len(found.facts)
    contents.entities += len(found.entities)
    return found


def _of_fact(line: _FactLine, source: str | None) -> GivenBatch:
    if (line.memory_id is None) == (line.external_id is None):
        raise _UnnamedError
    given = line.model_dump(exclude_none=True)
    if line.external_id is not None and line.source is None and source is not None:
        given["source"] = source
    return GivenBatch(facts=[GivenFact.model_validate(given)])


def _of_passage(line: _PassageLine, source: str | None, contents: GivenContents) -> GivenBatch:
    batch = GivenBatch()
    of = {"external_id": line.passage_id, "source": source}
    for triple in line.triples:
        if len(triple) == _PARTS and all(map(_says_something, triple)):
            subject, predicate, object_ = triple
            told = {"subject": subject, "predicate": predicate, "object": object_}
            batch.facts.append(GivenFact.model_validate({**of, **told}))
        else:
            contents.skipped += 1
    for entity in line.entities:
        named = _TypedName(name=entity) if isinstance(entity, str) else entity
        if _says_something(named.name):
            batch.entities.append(GivenEntity.model_validate({**of, **named.model_dump()}))
        else:
            contents.skipped += 1
    return batch


def _says_something(name: str) -> bool:
    return any(each.isalnum() for each in name)


@dataclass(slots=True, kw_only=True)
class GivenOutcome:
    """What became of a file."""

    contents: GivenContents
    changed: int = 0
    unchanged: int = 0
    ended: int = 0
    operations: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_json(self) -> dict[str, JsonValue]:
        """Return the counts as JSON."""
        return {
            **self.contents.as_json(),
            "changed": self.changed,
            "unchanged": self.unchanged,
            "ended": self.ended,
            "operations": [*self.operations],
            "seconds": round(self.seconds, 3),
        }

    def as_text(self) -> str:
        """Return what became of the file, and what undoes it."""
        told = (
            f"{self.contents.as_text()} {self.changed} memories changed, {self.unchanged} were so"
            f" already; {self.ended} facts ended; {self.seconds:.1f} s."
        )
        lines = [told]
        if self.operations:
            lines.append(f"Undone by: memsvc undo, of {', '.join(self.operations)}.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAs:
    """How a file is given."""

    origin: str
    replace: bool


async def give_file(
    bank: AsyncBank,
    batches: Sequence[GivenBatch],
    outcome: GivenOutcome,
    advance: Callable[[int], None],
    how: GivenAs,
) -> GivenOutcome:
    """Give what a file holds; ``advance`` hears how many facts and entities were given so far.

    Sent again, what is there already stays as it is.
    """
    began, done = perf_counter(), 0
    for batch in batches:
        gave = await bank.give_facts(
            batch.facts, entities=batch.entities, origin=how.origin, replace=how.replace
        )
        outcome.changed += gave.changed
        outcome.unchanged += gave.unchanged
        outcome.ended += gave.ended
        if gave.operation_id is not None:
            outcome.operations.append(str(gave.operation_id))
        done += len(batch)
        advance(done)
    outcome.seconds = perf_counter() - began
    return outcome
