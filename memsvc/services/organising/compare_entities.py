"""Holding entities that are new, or of which something else is known, against those like them."""

from collections.abc import Mapping, Sequence

from memsvc.domain.graph.entities import StoredEntity
from memsvc.domain.graph.resolution import RULES, block_of
from memsvc.domain.graph.resolving import resolve
from memsvc.domain.identifiers import BankId
from memsvc.services.entity_merging import merge_entities_within
from memsvc.services.settling_facts import settle_facts_naming
from memsvc.store.transactions import WriteTransaction

ACTOR = "entities"
_MOST_QUESTIONS = 50
"""Of one page: a person's time is dear."""


async def compare_entities(
    tx: WriteTransaction, bank_id: BankId, changed: Sequence[StoredEntity], job_id: str
) -> Mapping[str, int]:
    """Merge what is certainly one, ask about what may be, and mark the entities as compared.

    The caller has locked the bank's entities. Pairs that somebody has decided about stay as they
    are; one that was only asked about is merged when what is known by now makes it certain.
    """
    blocks = {block_of(each.form) for each in changed}
    await tx.entities.set_blocks(bank_id, changed)
    candidates = await tx.entities.of_blocks(bank_id, blocks)
    ids = [each.id for each in candidates]
    asked = await tx.entity_reviews.pairs(bank_id, ids)
    decided = {pair for pair, is_decided in asked.items() if is_decided}
    resolved = resolve(changed, candidates, await tx.entities.undone(bank_id, ids) | decided)
    for each in resolved.merges:
        await merge_entities_within(
            tx,
            bank_id,
            ACTOR,
            kept=each.kept,
            gone=each.gone,
            score=each.match.score,
            evidence=each.match.evidence,
            details={"job": job_id},
        )
    pairs = {
        (one.id, other.id): (reason.score, reason.evidence)
        for one, other, reason in resolved.questions
        if frozenset((one.id, other.id)) not in asked
    }
    proposed = dict([*pairs.items()][:_MOST_QUESTIONS])
    await tx.entity_reviews.propose(bank_id, proposed)
    await tx.entities.mark_compared(bank_id, [each.id for each in changed], RULES)
    merged = {entity.id for each in resolved.merges for entity in (each.kept, each.gone)}
    await settle_facts_naming(tx, bank_id, merged)
    return {
        "entities_compared": len(changed),
        "entities_merged": len(resolved.merges),
        "for_review": len(proposed),
    }
