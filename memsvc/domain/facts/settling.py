"""Facts as they are kept, and which of a slot's facts ends which."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from memsvc.domain.facts.claims import Claim, earlier_end, ends
from memsvc.domain.facts.names import AS_SAID, renamed
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import FactPolicy, Json
from memsvc.domain.operations import Aspect, Effect

FactId = NewType("FactId", UUID)
Slot = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A claim of a memory, and what has taken its place."""

    id: FactId
    memory_id: MemoryId
    claim: Claim
    valid_to: datetime | None
    """When another ended it; see ``held_until``."""
    superseded_by: FactId | None
    stands: bool
    """Whether its source is in force: active, or superseded but neither retracted nor archived.

    A merged source is where the memory is that it lives on in.
    """
    carried_by: MemoryId | None = None
    """The memory in force in which a merged source lives on."""
    origin: str | None = None
    """Who gave it; ``None`` for what rules have read."""

    @property
    def shown_by(self) -> MemoryId:
        """The memory that says it to whoever recalls."""
        return self.carried_by or self.memory_id

    @property
    def held_until(self) -> datetime | None:
        """When it ceased to hold, by itself or because another took its place."""
        return earlier_end(self.valid_to, self.claim.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What ends a fact from now on, which is not what ended it."""

    fact: Fact
    by: Fact | None
    """``None``: it holds again."""

    @property
    def effect(self) -> Effect:
        """The change of the fact, as an operation keeps it."""
        old, new = self.fact, self.by
        return Effect(
            aspect=Aspect.VALIDITY,
            target_id=old.id,
            before=validity(old.valid_to, old.superseded_by),
            after=validity(new.claim.valid_from if new else None, new.id if new else None),
        )


def validity(valid_to: datetime | None, superseded_by: UUID | None) -> Json:
    """Return what an effect holds of a fact's end."""
    return {
        "valid_to": None if valid_to is None else valid_to.isoformat(),
        "superseded_by": None if superseded_by is None else str(superseded_by),
    }


def settled(
    facts: Sequence[Fact],
    undone: Collection[tuple[FactId, FactId]] = frozenset(),
    policy: FactPolicy = FactPolicy.SUPERSEDE,
    names: Mapping[str, str] = AS_SAID,
) -> list[Ending]:
    """Return whose end is another now, oldest first.

    Facts about one thing under several ``names`` (of merged entities, by what these are in the end)
    end each other as if all had its last name. ``undone`` are pairs (ended, by) that somebody took
    back: these do not end each other again.
    A fact whose source is not in force ends nothing, and nothing ends it. Where facts are only
    appended, none ends, and what had ended holds again.
    """
    claims = {each.id: renamed(each.claim, names) for each in facts}
    slots: dict[Slot, list[Fact]] = {}
    for fact in sorted(facts, key=lambda each: (claims[each.id].order, each.id)):
        slots.setdefault(claims[fact.id].slot, []).append(fact)
    found: list[Ending] = []
    for some in slots.values():
        for place, fact in enumerate(some):
            later = (
                each
                for each in some[place + 1 :]
                if each.stands
                and (fact.id, each.id) not in undone
                and ends(claims[fact.id], claims[each.id])
            )
            may_end = fact.stands and policy is not FactPolicy.APPEND_ONLY
            by = next(later, None) if may_end else None
            ending = Ending(fact=fact, by=by)
            if ending.effect.before != ending.effect.after:
                found.append(ending)
    return found


def still_ended(facts: Sequence[Fact], endings: Sequence[Ending]) -> Mapping[MemoryId, bool]:
    """Tell of each memory whether any fact that rules have read from it is ended after the endings.

    What was given beside a text never hides it. One that others were merged into is ended when
    theirs are too.
    """
    ended = {each.id: each.superseded_by is not None for each in facts}
    ended |= {each.fact.id: each.by is not None for each in endings}
    found = {each.memory_id: False for each in facts if each.carried_by is None}
    for fact in facts:
        if fact.origin is None and fact.carried_by is None:
            found[fact.memory_id] |= ended[fact.id]
    for fact in facts:
        if fact.origin is None and fact.carried_by in found and not ended[fact.id]:
            found[fact.carried_by] = False
    return found
