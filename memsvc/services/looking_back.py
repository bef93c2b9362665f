"""What a recall may show of another time: what was true then, and what was known then."""

from dataclasses import replace
from datetime import datetime

from memsvc.domain.facts.looking_back import holding
from memsvc.domain.filters import ACTIVE_ONLY, RecallFilter
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import MemoryState
from memsvc.store.transactions import ReadTransaction


async def look_back(
    tx: ReadTransaction, bank_id: BankId, wanted: RecallFilter, now: datetime
) -> RecallFilter:
    """Return the filter with superseded memories that held then; as it is if no time is asked for.

    Only where active memories are wanted: who names other states gets those. Where nothing
    superseded held, only active memories are asked for, which every arm can answer.
    """
    has_time = wanted.as_of is not None or wanted.known_at is not None
    if not has_time or tuple(wanted.states) != ACTIVE_ONLY:
        return wanted
    facts = await tx.facts.of_superseded(bank_id, wanted.known_at)
    undone = await tx.facts.undone(bank_id, [each.id for each in facts])
    held = holding(facts, wanted.as_of or now, undone)
    if not held:
        return wanted
    states = (MemoryState.ACTIVE, MemoryState.SUPERSEDED)
    return replace(wanted, states=states, held=tuple(sorted(held)))
