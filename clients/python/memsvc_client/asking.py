"""Asking a bank: what ``Bank`` and ``AsyncBank`` have for it."""

from typing import Unpack

from memsvc_client import calls, contexts, portraits
from memsvc_client.call import Reference
from memsvc_client.contexts import Context, ContextFields
from memsvc_client.models import Recall
from memsvc_client.portraits import Portrait
from memsvc_client.requests import RecallFields
from memsvc_client.transport import AsyncSender, Sender


class Asking:
    """Questions to a bank; none changes a memory."""

    def __init__(self, reference: Reference, sender: Sender) -> None:
        self.reference = reference
        self._sender = sender

    def recall(self, query: str, **fields: Unpack[RecallFields]) -> Recall:
        """Return the memories that bear on ``query``, best first: 10 unless ``k`` is given.

        With ``mode="auto"`` and a budget, and without ``k``: all there are, if they fit it.
        """
        return self._sender.send(calls.recall(self.reference, query, **fields))

    def context(self, query: str, **fields: Unpack[ContextFields]) -> Context:
        """Return what a model should read before it answers ``query``; its ``text`` is a prompt's.

        It never costs more than ``budget_tokens``, 2000 unless given.
        """
        return self._sender.send(contexts.compose_context(self.reference, query, **fields))

    def portrait(self, user_id: str) -> Portrait:
        """Return what a user says of themselves; raises ``PortraitNotFoundError``."""
        return self._sender.send(portraits.get_portrait(self.reference, user_id))


class AsyncAsking:
    """``Asking`` for asyncio."""

    def __init__(self, reference: Reference, sender: AsyncSender) -> None:
        self.reference = reference
        self._sender = sender

    async def recall(self, query: str, **fields: Unpack[RecallFields]) -> Recall:
        """See ``Asking.recall``."""
        return await self._sender.send(calls.recall(self.reference, query, **fields))

    async def context(self, query: str, **fields: Unpack[ContextFields]) -> Context:
        """See ``Asking.context``."""
        return await self._sender.send(contexts.compose_context(self.reference, query, **fields))

    async def portrait(self, user_id: str) -> Portrait:
        """See ``Asking.portrait``."""
        return await self._sender.send(portraits.get_portrait(self.reference, user_id))
