"""The applier that keeps what a language model has read of facts and entities."""

from collections.abc import Mapping

from memsvc.domain.graph.given import MODEL_ORIGIN
from memsvc.domain.organising.giving import given_of
from memsvc.services.giving import SetsToGive, give_within
from memsvc.services.organising.applying import ACTOR, WindowToApply
from memsvc.store.transactions import WriteTransaction


class ApplyGiven:
    """Gives each item's facts and entities, by the way that triples from elsewhere take."""

    async def __call__(self, tx: WriteTransaction, window: WindowToApply, /) -> Mapping[str, int]:
        """Have what the model says now hold in place of what it said of these memories before."""
        sets, dropped = {}, 0
        for item in window.extraction.items:
            found, less = given_of(item)
            sets[window.source_of(item.handle).memory_id] = found
            dropped += less
        details = {name: str(value) for name, value in window.details.items()}
        given = SetsToGive(MODEL_ORIGIN, sets, replaces=True, details=details)
        gave = await give_within(tx, window.bank_id, ACTOR, given)
        return {"facts_given": gave.facts, "facts_left_out": dropped, "superseded": gave.ended}
