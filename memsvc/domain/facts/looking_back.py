"""Which superseded memories hold after all, seen from another time or with less known."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from memsvc.domain.facts.claims import earlier_end
from memsvc.domain.facts.names import AS_SAID
from memsvc.domain.facts.settling import Fact, FactId, settled
from memsvc.domain.identifiers import MemoryId


def holding(
    facts: Sequence[Fact],
    at: datetime,
    undone: Collection[tuple[FactId, FactId]] = frozenset(),
    names: Mapping[str, str] = AS_SAID,
) -> set[MemoryId]:
    """Return memories of facts that were ended, but held at ``at`` by these facts alone.

    ``facts`` are whole slots, without what was not known; each is settled anew from them, so that
    what ends a fact now counts only if it is among them (``undone``, ``names``: as in ``settled``).
    """
    ends: dict[FactId, datetime | None] = {each.id: each.valid_to for each in facts}
    for ending in settled(facts, undone, names=names):
        ends[ending.fact.id] = None if ending.by is None else ending.by.claim.valid_from
    found = set()
    for fact in facts:
        until = earlier_end(ends[fact.id], fact.claim.until)
        has_begun = fact.claim.valid_from <= at
        if fact.superseded_by is not None and has_begun and (until is None or until > at):
            found.add(fact.shown_by)
    return found
