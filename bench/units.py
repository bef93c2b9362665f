"""Source units: what recall at k counts, whatever kind of memory brings them back."""

from collections.abc import Iterable
from enum import StrEnum

from memsvc_client import Hit

from memsvc.cli.conversion import turn_id_of


class UnitKind(StrEnum):
    """What a set's gold names."""

    TURN = "turn"
    SESSION = "session"
    PASSAGE = "passage"


def units_of(hit: Hit, kind: UnitKind) -> tuple[str, ...]:
    """Return the units that a hit brings back, in its own order: the ids that gold may name.

    A memory made from several turns takes a place for each of them; what comes from no turn takes
    none. This is the only place that knows how a memory tells where it comes from.
    """
    memory = hit.memory
    unit = memory.session_id if kind is UnitKind.SESSION else memory.external_id
    return () if unit is None else (turn_id_of(unit),)


def ranked_units(hits: Iterable[Hit], kind: UnitKind) -> list[str]:
    """Return the distinct units of the hits; each stands where it came first."""
    return list(dict.fromkeys(unit for hit in hits for unit in units_of(hit, kind)))
