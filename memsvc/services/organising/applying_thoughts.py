"""Storing the thoughts that a model had about a window, in the transaction of its other parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.extraction import normal_form
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory, ScopeKeys
from memsvc.domain.organising.extraction import ExtractedThought
from memsvc.domain.thoughts.records import NewThought, is_said_already
from memsvc.domain.thoughts.thinking import FoundThought, is_named
from memsvc.ports import Clock
from memsvc.services.organising.applying import ACTOR, WindowToApply
from memsvc.services.organising.keep_thoughts import detach_unsaid
from memsvc.services.thinking import Scene, confirm_within, insert_within
from memsvc.store.transactions import WriteTransaction

_FUNCTIONAL = frozenset({"lives in", "works for", "works at", "age", "diet"})
"""Relations of which a head has one at a time, as a model writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyThoughts:
    """Keeps what a model concludes, and notes that the items need no rules any more.

    A conclusion from several items falls with any of them. One from memories of different users
    or agents is dropped: it would carry one's words to the other.
    """

    clock: Clock

    async def __call__(self, tx: WriteTransaction, window: WindowToApply, /) -> Mapping[str, int]:
        """Store them and return how many there were."""
        scene = Scene(
            bank=window.gathered.measures.bank,
            actor=ACTOR,
            now=self.clock.now(),
            details=window.details,
        )
        items = [window.source_of(each.handle) for each in window.extraction.items]
        memories = await tx.memories.fetch(window.bank_id, [each.memory_id for each in items])
        found = [
            (thought, [memories[each] for each in ids])
            for thought in window.extraction.thoughts
            if memories.keys() >= set(ids := _sources(window, thought))
        ]
        for each in items:
            if each.version > 1:
                await _detach(tx, scene, memories[each.memory_id], found)
        made, dropped = 0, 0
        for thought, sources in found:
            if len({(each.keys.user_id, each.keys.agent_id) for each in sources}) > 1:
                dropped += 1
            else:
                made += await _keep(tx, scene, _new(window.made_by, thought, sources), sources)
        versions = {each.memory_id: each.version for each in items}
        await tx.thoughts.mark_read(window.bank_id, versions)
        return {"thoughts_made": made, "thoughts_dropped": dropped}


def _sources(window: WindowToApply, thought: ExtractedThought) -> list[MemoryId]:
    return [window.source_of(each).memory_id for each in thought.sources]


async def _keep(
    tx: WriteTransaction, scene: Scene, new: NewThought, sources: Sequence[Memory]
) -> bool:
    known = [] if new.claim is None else await tx.thoughts.of_slots(scene.bank_id, [new.claim.slot])
    same = is_said_already(new, known)
    if same is not None and not new.needs_all:
        await confirm_within(tx, scene, same, sources[0].id)
        return False
    await insert_within(tx, scene, new, [each.id for each in sources])
    return True


async def _detach(
    tx: WriteTransaction,
    scene: Scene,
    memory: Memory,
    found: Sequence[tuple[ExtractedThought, Sequence[Memory]]],
) -> None:
    said = [
        FoundThought(text=thought.text, claim=_claim(thought, sources))
        for thought, sources in found
        if memory in sources
    ]
    await detach_unsaid(tx, scene, memory, said)


def _new(made_by: str, thought: ExtractedThought, sources: Sequence[Memory]) -> NewThought:
    claim = _claim(thought, sources)
    sessions = {each.keys.session_id for each in sources}
    ends = [each.expires_at for each in sources if each.expires_at is not None]
    keys = sources[0].keys
    return NewThought(
        text=thought.text,
        keys=ScopeKeys(
            user_id=keys.user_id,
            agent_id=keys.agent_id,
            session_id=keys.session_id if len(sessions) == 1 else None,
        ),
        occurred_at=max(each.occurred_at for each in sources),
        made_by=made_by,
        claim=claim,
        needs_all=len(sources) > 1,
        expires_at=min(ends, default=None),
    )


def _claim(thought: ExtractedThought, sources: Sequence[Memory]) -> Claim | None:
    """Return the triple of a thought, if its head is named: pronouns would gather everything."""
    fact = thought.fact
    if fact is None:
        return None
    head, relation, tail = (normal_form(e) for e in (fact.subject, fact.relation, fact.object))
    if not is_named(head) or not relation or not tail:
        return None
    said_at = max(each.occurred_at for each in sources)
    return Claim(
        subject=head,
        predicate=relation,
        object=tail,
        valid_from=fact.valid_from or said_at,
        said_at=said_at,
        rule="model",
        is_functional=relation in _FUNCTIONAL,
    )
