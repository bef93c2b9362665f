"""Which rows: conditions on facts and on the memories that they are of."""

from sqlalchemy import ColumnElement, and_, exists, or_

from memsvc.domain.facts.listing import FactListing
from memsvc.domain.identifiers import BankId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import MemoryKind, MemoryState
from memsvc.domain.thoughts.fusing import FUSED_SOURCE
from memsvc.store import tables as t

_IN_FORCE = (MemoryState.ACTIVE, MemoryState.SUPERSEDED)


def is_given_of_present_text(bank_id: BankId) -> ColumnElement[bool]:
    """Tell whether a fact was given of the present text of its memory."""
    sets, memories, facts = t.given_sets.c, t.memories.c, t.facts.c
    return exists().where(
        sets.bank_id == bank_id,
        sets.memory_id == facts.memory_id,
        sets.origin == facts.origin,
        sets.holds,
        memories.bank_id == bank_id,
        memories.memory_id == facts.memory_id,
        memories.current_version == sets.version,
    )


def is_unread(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of memories whose present text is to be read for facts."""
    memories, readings = t.memories.c, t.fact_readings.c
    return (
        memories.bank_id == bank_id,
        memories.state == MemoryState.ACTIVE,
        # What was made from memories says again what these claim.
        memories.kind != MemoryKind.THOUGHT,
        memories.source != FUSED_SOURCE,
        ~exists().where(
            readings.bank_id == bank_id,
            readings.memory_id == memories.memory_id,
            readings.version == memories.current_version,
        ),
    )


def is_in_force(bank_id: BankId) -> ColumnElement[bool]:
    """Tell whether a memory carries its facts: by itself, or within one that says several."""
    memories, links, fused = t.memories.c, t.links.c, t.memories.alias("fused").c
    is_said = exists().where(
        links.bank_id == bank_id,
        fused.bank_id == bank_id,
        links.from_id == memories.memory_id,
        links.type == LinkType.MERGED_INTO,
        fused.memory_id == links.to_id,
        fused.source == FUSED_SOURCE,
        fused.state == MemoryState.ACTIVE,
    )
    is_fused = and_(memories.state == MemoryState.MERGED, is_said)
    return or_(memories.state.in_(_IN_FORCE), is_fused)


def is_stale(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    """Return what holds of facts whose memory came or went since they were settled."""
    columns, by = t.facts.c, t.facts.alias("by").c
    is_orphan = columns.superseded_by.is_not(None) & ~exists().where(
        by.bank_id == bank_id, by.fact_id == columns.superseded_by
    )
    return (
        columns.bank_id == bank_id,
        t.memories.c.bank_id == bank_id,
        or_(columns.stood != is_in_force(bank_id), is_orphan),
    )


def is_listed(listing: FactListing) -> list[ColumnElement[bool]]:
    """Return what holds of the facts of a listing."""
    columns, held_at = t.facts.c, listing.held_at
    clauses: list[ColumnElement[bool]] = []
    if listing.subject is not None:
        clauses.append(columns.subject == listing.subject)
    if listing.entity is not None:
        clauses.append(or_(columns.subject == listing.entity, columns.object == listing.entity))
    if listing.predicate is not None:
        clauses.append(columns.predicate == listing.predicate)
    if held_at is not None:
        clauses += [
            columns.denies.is_(False),
            columns.valid_from <= held_at,
            or_(columns.valid_to.is_(None), columns.valid_to > held_at),
            or_(columns.until.is_(None), columns.until > held_at),
        ]
    return clauses
