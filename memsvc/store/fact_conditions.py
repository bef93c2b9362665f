"""Which rows: conditions on facts and on the memories that they are of."""

from datetime import datetime

from sqlalchemy import ColumnElement, Uuid, and_, exists, func, literal, or_
from sqlalchemy.dialects.postgresql import ARRAY

from memsvc.domain.facts.listing import FactListing, KnownThen
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import MemoryState
from memsvc.domain.thoughts.fusing import FUSED_SOURCE
from memsvc.domain.thoughts.merging import MADE_KINDS
from memsvc.store import tables as t
from memsvc.store.carrying import carrier, is_in_force, is_read


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
        is_read(bank_id),
        # What was made from memories says again what these claim.
        memories.kind.not_in(MADE_KINDS),
        memories.source != FUSED_SOURCE,
        ~exists().where(
            readings.bank_id == bank_id,
            readings.memory_id == memories.memory_id,
            readings.version == memories.current_version,
        ),
    )


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


def is_repeated(bank_id: BankId) -> ColumnElement[bool]:
    """Tell whether a fact of a merged memory is one of the memory in which it lives on.

    Not where another fact came between the two: then what was said again holds longer.
    """
    columns, same = t.facts.c, t.facts.alias("same").c
    return exists().where(
        t.memories.c.state == MemoryState.MERGED,
        same.bank_id == bank_id,
        same.memory_id == carrier(bank_id),
        same.subject == columns.subject,
        same.predicate == columns.predicate,
        same.object.is_not_distinct_from(columns.object),
        same.denies == columns.denies,
        same.superseded_by.is_not_distinct_from(columns.superseded_by),
    )


def is_known(bank_id: BankId, instant: datetime) -> ColumnElement[bool]:
    """Tell whether a memory had been recorded in its present words at ``instant``."""
    memories, versions = t.memories.c, t.memory_versions.c
    return exists().where(
        versions.bank_id == bank_id,
        versions.memory_id == memories.memory_id,
        versions.version == memories.current_version,
        versions.recorded_at <= instant,
    )


def counts(bank_id: BankId, known: KnownThen | None) -> list[ColumnElement[bool]]:
    """Return what holds of facts that count: now, or by what was known then."""
    count_now = and_(is_in_force(bank_id), ~is_repeated(bank_id))
    if known is None:
        return [count_now]
    memory_id = t.facts.c.memory_id
    return [
        or_(count_now, memory_id == func.any(literal(list(known.returned), ARRAY(Uuid())))),
        memory_id != func.all(literal(list(known.absent), ARRAY(Uuid()))),
        is_known(bank_id, known.at),
    ]


def is_listed(listing: FactListing) -> list[ColumnElement[bool]]:
    """Return what holds of the facts of a listing."""
    columns, held_at = t.facts.c, listing.held_at
    clauses: list[ColumnElement[bool]] = []
    if listing.subjects:
        clauses.append(columns.subject == func.any(sorted(listing.subjects)))
    if listing.entities:
        named = func.any(sorted(listing.entities))
        clauses.append(or_(columns.subject == named, columns.object == named))
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
