"""Thoughts: records, calls, and what ``bank.thoughts`` offers."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import JsonValue

from memsvc_client.call import Call, Reference, bank_path, segment
from memsvc_client.jobs import Job
from memsvc_client.models import Memory
from memsvc_client.records import Record
from memsvc_client.transport import AsyncSender, Sender


class Triple(Record):
    """Whom or what a thought is about, and what it says of it."""

    head: str
    relation: str
    tail: str
    functional: bool = False
    """Whether a head has one tail at a time: then a later thought ends an earlier one."""


class ChangedThought(Record):
    """A thought as it is now."""

    memory: Memory
    operation_id: UUID
    """``undo`` it to have everything as it was."""


def think(
    bank: Reference,
    *,
    steps: Sequence[str] | None = None,
    memory_ids: Sequence[Reference] | None = None,
) -> Call[Job]:
    """Describe the thinking about a bank; the answer is its job."""
    body: dict[str, JsonValue] = {}
    if steps is not None:
        body["steps"] = list(steps)
    if memory_ids is not None:
        body["memory_ids"] = [str(each) for each in memory_ids]
    path = f"{bank_path(bank)}/thoughts:think"
    return Call(method="POST", path=path, result=Job, json=body, mutates=True)


def insert_thought(
    bank: Reference, text: str, source_ids: Sequence[Reference], *, triple: Triple | None = None
) -> Call[ChangedThought]:
    """Describe the keeping of a thought."""
    body: dict[str, JsonValue] = {"text": text, "source_ids": [str(each) for each in source_ids]}
    if triple is not None:
        body["triple"] = triple.model_dump(mode="json")
    path = f"{bank_path(bank)}/thoughts"
    return Call(method="POST", path=path, result=ChangedThought, json=body, mutates=True)


def forget_thought(
    bank: Reference, memory_id: Reference, reason: str, *, by_id: Reference | None = None
) -> Call[ChangedThought]:
    """Describe the forgetting of a thought."""
    body: dict[str, JsonValue] = {"reason": reason}
    if by_id is not None:
        body["by_id"] = str(by_id)
    path = f"{bank_path(bank)}/thoughts/{segment(memory_id)}:forget"
    return Call(method="POST", path=path, result=ChangedThought, json=body, mutates=True)


def merge_thoughts(
    bank: Reference, memory_ids: Sequence[Reference], *, text: str | None = None
) -> Call[ChangedThought]:
    """Describe the merging of thoughts."""
    body: dict[str, JsonValue] = {"memory_ids": [str(each) for each in memory_ids]}
    if text is not None:
        body["text"] = text
    path = f"{bank_path(bank)}/thoughts:merge"
    return Call(method="POST", path=path, result=ChangedThought, json=body, mutates=True)


class Thoughts:
    """What can be done about the thoughts of a bank; ``memories(kind="thought")`` lists them."""

    def __init__(self, reference: Reference, sender: Sender) -> None:
        self._reference = reference
        self._sender = sender

    def think(
        self,
        *,
        steps: Sequence[str] | None = None,
        memory_ids: Sequence[Reference] | None = None,
    ) -> Job:
        """Start to ``insert``, ``forget`` and ``merge`` thoughts, or some of ``steps``.

        They are made from ``memory_ids``, or from all memories that were not read yet.
        """
        return self._sender.send(think(self._reference, steps=steps, memory_ids=memory_ids))

    def insert(
        self, text: str, source_ids: Sequence[Reference], *, triple: Triple | None = None
    ) -> ChangedThought:
        """Keep a thought of your own; it falls with any of the memories it follows from."""
        return self._sender.send(insert_thought(self._reference, text, source_ids, triple=triple))

    def forget(
        self, memory_id: Reference, reason: str, *, by_id: Reference | None = None
    ) -> ChangedThought:
        """Archive a thought that is ``contradicted``, ``redundant`` or ``obsolete``."""
        return self._sender.send(forget_thought(self._reference, memory_id, reason, by_id=by_id))

    def merge(self, memory_ids: Sequence[Reference], *, text: str | None = None) -> ChangedThought:
        """Make one thought of several about the same head; theirs become ``merged``."""
        return self._sender.send(merge_thoughts(self._reference, memory_ids, text=text))


class AsyncThoughts:
    """``Thoughts``, for an ``AsyncBank``."""

    def __init__(self, reference: Reference, sender: AsyncSender) -> None:
        self._reference = reference
        self._sender = sender

    async def think(
        self,
        *,
        steps: Sequence[str] | None = None,
        memory_ids: Sequence[Reference] | None = None,
    ) -> Job:
        """See ``Thoughts.think``."""
        call = think(self._reference, steps=steps, memory_ids=memory_ids)
        return await self._sender.send(call)

    async def insert(
        self, text: str, source_ids: Sequence[Reference], *, triple: Triple | None = None
    ) -> ChangedThought:
        """See ``Thoughts.insert``."""
        call = insert_thought(self._reference, text, source_ids, triple=triple)
        return await self._sender.send(call)

    async def forget(
        self, memory_id: Reference, reason: str, *, by_id: Reference | None = None
    ) -> ChangedThought:
        """See ``Thoughts.forget``."""
        call = forget_thought(self._reference, memory_id, reason, by_id=by_id)
        return await self._sender.send(call)

    async def merge(
        self, memory_ids: Sequence[Reference], *, text: str | None = None
    ) -> ChangedThought:
        """See ``Thoughts.merge``."""
        return await self._sender.send(merge_thoughts(self._reference, memory_ids, text=text))
