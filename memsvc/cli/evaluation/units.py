"""Source units: what recall at k counts, whatever kind of memory brings them back."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from memsvc_client import Memory

from memsvc.cli.conversion import turn_id_of


class UnitKind(StrEnum):
    """What is expected of an answer, and so takes a place in it."""

    TURN = "turn"
    SESSION = "session"
    PASSAGE = "passage"
    MEMORY = "memory"
    """Whatever is stored: every memory takes a place."""


class Shown(Protocol):
    """A memory in an answer: a hit, or a piece of a context."""

    @property
    def memory(self) -> Memory:
        """The memory itself."""
        ...


def units_of(shown: Shown, kind: UnitKind) -> tuple[str, ...]:
    """Return the units that a hit brings back, in its own order: the ids that gold may name.

    A memory made from several turns takes a place for each of them; what comes from no turn takes
    none. This is the only place that knows how a memory tells where it comes from.
    """
    memory = shown.memory
    if kind is UnitKind.MEMORY:
        return (str(memory.id),)
    unit = memory.session_id if kind is UnitKind.SESSION else memory.external_id
    return () if unit is None else (turn_id_of(unit),)


def ranked_units(answer: Iterable[Shown], kind: UnitKind) -> list[str]:
    """Return the distinct units of the hits; each stands where it came first."""
    return list(dict.fromkeys(unit for shown in answer for unit in units_of(shown, kind)))
