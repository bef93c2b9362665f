"""Carrying documents on: what the former one says, where nothing it tells of has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import Json, Memory
from memsvc.domain.organising.summarising import (
    SummaryLine,
    SummarySoFar,
    heading_of,
    heading_over,
)
from memsvc.store.summaries import DIGEST_KEY, STAND_IN_KEY, WATERMARK_KEY, Group, Level
from memsvc.store.transactions import ReadTransaction

SENTENCES_KEY = "sentences"
"""Where the metadata of a summary keep whose words each line repeats, when, and what it rests on.

The words themselves stand in the text alone."""
_OVER_SUMMARIES = frozenset({Level.DAY, Level.WHOLE})
_MOST_EVIDENCE = 2_000
_MOST_SPEAKERS = 6
"""One more than a heading shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """A document that can be carried on with what came after its watermark."""

    memory_id: MemoryId
    watermark: MemoryId
    so_far: SummarySoFar


class _StoredLine(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    speaker: str | None
    day: date
    evidence: tuple[UUID, ...]


class _StoredState(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    covers: str
    watermark: UUID
    sentences: tuple[_StoredLine, ...]
    stand_in: bool = False


def stored_lines(lines: Sequence[SummaryLine]) -> list[Json]:
    """Return what the metadata keep of the lines of a summary."""
    return [
        _StoredLine(speaker=each.speaker, day=each.day, evidence=tuple(each.evidence)).model_dump(
            mode="json"
        )
        for each in lines
    ]


async def former_of(
    tx: ReadTransaction, bank_id: BankId, level: Level, group: Group
) -> Former | None:
    """Return the document of a group if it can be carried on.

    It cannot where something it was made of has changed or is gone, where rules stand in for a
    model, or where somebody has changed what its metadata say of its lines.
    """
    active = await tx.summaries.active(bank_id, level, group)
    if len(active) != 1:
        return None
    [document] = active
    state = _state(document.metadata)
    lines = None if state is None or state.stand_in else _lines(document, state)
    spoken = await tx.watermarks.spoken(bank_id, level, group, _MOST_SPEAKERS)
    if state is None or lines is None or spoken is None:
        return None
    watermark = MemoryId(state.watermark)
    if await tx.watermarks.digest_until(bank_id, level, group, watermark) != state.covers:
        return None
    if not await _are_linked(tx, bank_id, document, lines):
        return None
    heading = heading_of(spoken.first, spoken.last, spoken.speakers)
    if level in _OVER_SUMMARIES:
        heading = heading_over(heading, spoken.count)
    return Former(
        memory_id=document.id,
        watermark=watermark,
        so_far=SummarySoFar(lines=lines, heading=heading),
    )


async def _are_linked(
    tx: ReadTransaction, bank_id: BankId, document: Memory, lines: Sequence[SummaryLine]
) -> bool:
    """Tell whether the document is linked to all that its lines are said to rest on."""
    evidence = {each for line in lines for each in line.evidence}
    links = await tx.links.touching(
        bank_id, [document.id], types=(LinkType.SUMMARISES,), limit=_MOST_EVIDENCE
    )
    return evidence <= {each.link.to_id for each in links if each.link.from_id == document.id}


def _state(metadata: Mapping[str, Json]) -> _StoredState | None:
    keys = (DIGEST_KEY, WATERMARK_KEY, SENTENCES_KEY, STAND_IN_KEY)
    stored = {each: metadata[each] for each in keys if each in metadata}
    try:
        return _StoredState.model_validate(stored)
    except ValidationError:
        return None


def _lines(document: Memory, state: _StoredState) -> list[SummaryLine] | None:
    """Return the lines with their words; ``None`` if the text is not the one that was stored."""
    shown = document.text.split("\n")[1:]
    if document.version > 1 or len(shown) != len(state.sentences):
        return None
    return [
        SummaryLine(
            text=text if each.speaker is None else text.removeprefix(f"{each.speaker}: "),
            speaker=each.speaker,
            day=each.day,
            evidence=tuple(map(MemoryId, each.evidence)),
        )
        for text, each in zip(shown, state.sentences, strict=True)
    ]
