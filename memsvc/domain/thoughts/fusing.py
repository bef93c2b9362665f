"""One sentence of what contradicts itself over time: each with when it held, by rules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.facts.settling import Fact
from memsvc.domain.memory import Memory, MemoryState
from memsvc.domain.thoughts.thinking import thoughts_of

FUSED_SOURCE = "memsvc:facts"
"""Source of memories that say a fact together with what it replaced."""
MOST_FUSED = 12
"""Memories that one of them says; of more, the latest."""

_DATED = re.compile(r", since \d{4}-\d{2}-\d{2}(?=\.$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A memory that says one thing, the fact that this is, and until when that held."""

    memory: Memory
    fact: Fact
    until: datetime | None


def fused_text(parts: Sequence[Part]) -> str:
    """Return what the parts say, in their order, each after the days from which to which it held.

    Nothing is in it that no part says: it repeats them, with "I" as the speaker where that is
    known.
    """
    return " ".join(f"{_when(part)}: {_said(part)}" for part in parts)


def may_be_fused(memory: Memory) -> bool:
    """Tell whether a memory may live on in another one: no pin or metadata would be lost."""
    is_there = memory.state in {MemoryState.ACTIVE, MemoryState.MERGED, MemoryState.SUPERSEDED}
    return is_there and not memory.pinned and not memory.metadata


def _when(part: Part) -> str:
    since = part.fact.claim.valid_from.date().isoformat()
    return f"Since {since}" if part.until is None else f"{since} to {part.until.date().isoformat()}"


def _said(part: Part) -> str:
    memory, claim = part.memory, part.fact.claim
    found = thoughts_of(memory.text, memory.occurred_at, memory.speaker, memory.keys.user_id)
    for each in found:
        if each.claim is not None and (each.claim.slot, each.claim.object) == (
            claim.slot,
            claim.object,
        ):
            return _DATED.sub("", each.text)
    text = " ".join(memory.text.split())
    ended = text if text.endswith((".", "!", "?", "\u3002")) else f"{text}."
    return f"{memory.speaker}: {ended}" if memory.speaker else ended
