"""Asking a bank, and judging answers: what ``Bank`` and ``AsyncBank`` have for it."""

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Unpack

from memsvc_client import (
    calibrations,
    calls,
    contexts,
    events,
    portraits,
    recorded_recalls,
    replays,
    summaries,
)
from memsvc_client.calibrations import BankCalibration, Calibration
from memsvc_client.call import Reference
from memsvc_client.contexts import Context, ContextFields
from memsvc_client.events import Event
from memsvc_client.models import Recall
from memsvc_client.portraits import Portrait, PortraitEdition
from memsvc_client.recorded_recalls import Feedback, RecordedRecall
from memsvc_client.replays import DecayReplay, Replay
from memsvc_client.requests import RecallFields
from memsvc_client.retention import RetentionPolicy
from memsvc_client.summaries import Summary, SummaryListing
from memsvc_client.thoughts import AsyncThoughts, Thoughts
from memsvc_client.transport import AsyncSender, Sender


class Asking:
    """Questions to a bank; they change no memory, only feedback does."""

    def __init__(self, reference: Reference, sender: Sender) -> None:
        self.reference = reference
        self._sender = sender
        self.thoughts = Thoughts(reference, sender)

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

    def recalls(self) -> Iterator[RecordedRecall]:
        """Yield recorded recalls, newest first; pages are fetched as they are needed."""
        return self._sender.items(recorded_recalls.list_recalls(self.reference))

    def recorded_recall(self, recall_id: Reference) -> RecordedRecall:
        """Return a recorded recall."""
        return self._sender.send(recorded_recalls.get_recall(self.reference, recall_id))

    def feedback(
        self,
        recall_id: Reference,
        *,
        helped: Iterable[Reference] = (),
        misled: Iterable[Reference] = (),
        session_id: str | None = None,
    ) -> Feedback:
        """Say which memories of an answer were of use: those fade later, misleading ones sooner.

        ``recall_id`` is the ``id`` of a ``Recall``, recorded or not. A memory counts once in a
        session; without one, once for the answer.
        """
        return self._sender.send(
            recorded_recalls.give_feedback(
                self.reference, recall_id, helped=helped, misled=misled, session_id=session_id
            )
        )

    def replay(self, recall_id: Reference) -> Replay:
        """Ask a recorded recall again, as of its instant; say what is different, and why."""
        return self._sender.send(replays.replay_recall(self.reference, recall_id))

    def replay_decay(
        self, *, policy: RetentionPolicy | None = None, recalls: int = 500, listed: int = 20
    ) -> DecayReplay:
        """Say which recorded answers would have lost hits under a policy, by default the bank's."""
        return self._sender.send(
            replays.replay_decay(self.reference, policy=policy, recalls=recalls, listed=listed)
        )

    def calibration(self) -> BankCalibration:
        """Return how the bank judges whether questions are answered."""
        return self._sender.send(calibrations.get_calibration(self.reference))

    def set_calibration(self, calibration: Calibration) -> BankCalibration:
        """Have the bank judge by ``calibration``.

        Raises ``ConflictError`` if it was made for another ranking than that of now.
        """
        return self._sender.send(calibrations.set_calibration(self.reference, calibration))

    def clear_calibration(self) -> BankCalibration:
        """Have the bank judge as the model does."""
        return self._sender.send(calibrations.clear_calibration(self.reference))

    def portrait(self, user_id: str) -> Portrait:
        """Return what a user says of themselves; raises ``PortraitNotFoundError``."""
        return self._sender.send(portraits.get_portrait(self.reference, user_id))

    def portrait_versions(self, user_id: str) -> Iterator[PortraitEdition]:
        """Yield every edition of a user's portrait, newest first."""
        return self._sender.items(portraits.list_portrait_versions(self.reference, user_id))

    def summaries(self, **narrowing: Unpack[SummaryListing]) -> Iterator[Summary]:
        """Yield summaries with the time they cover, newest first."""
        return self._sender.items(summaries.list_summaries(self.reference, **narrowing))

    def events(self, source: str) -> Iterator[Event]:
        """Yield the events of an episode in order: stretches of it that hang together."""
        return self._sender.items(events.list_events(self.reference, source))


class AsyncAsking:
    """``Asking`` for asyncio."""

    def __init__(self, reference: Reference, sender: AsyncSender) -> None:
        self.reference = reference
        self._sender = sender
        self.thoughts = AsyncThoughts(reference, sender)

    async def recall(self, query: str, **fields: Unpack[RecallFields]) -> Recall:
        """See ``Asking.recall``."""
        return await self._sender.send(calls.recall(self.reference, query, **fields))

    async def context(self, query: str, **fields: Unpack[ContextFields]) -> Context:
        """See ``Asking.context``."""
        return await self._sender.send(contexts.compose_context(self.reference, query, **fields))

    def recalls(self) -> AsyncIterator[RecordedRecall]:
        """See ``Asking.recalls``."""
        return self._sender.items(recorded_recalls.list_recalls(self.reference))

    async def recorded_recall(self, recall_id: Reference) -> RecordedRecall:
        """See ``Asking.recorded_recall``."""
        return await self._sender.send(recorded_recalls.get_recall(self.reference, recall_id))

    async def feedback(
        self,
        recall_id: Reference,
        *,
        helped: Iterable[Reference] = (),
        misled: Iterable[Reference] = (),
        session_id: str | None = None,
    ) -> Feedback:
        """See ``Asking.feedback``."""
        return await self._sender.send(
            recorded_recalls.give_feedback(
                self.reference, recall_id, helped=helped, misled=misled, session_id=session_id
            )
        )

    async def replay(self, recall_id: Reference) -> Replay:
        """See ``Asking.replay``."""
        return await self._sender.send(replays.replay_recall(self.reference, recall_id))

    async def replay_decay(
        self, *, policy: RetentionPolicy | None = None, recalls: int = 500, listed: int = 20
    ) -> DecayReplay:
        """See ``Asking.replay_decay``."""
        return await self._sender.send(
            replays.replay_decay(self.reference, policy=policy, recalls=recalls, listed=listed)
        )

    async def calibration(self) -> BankCalibration:
        """See ``Asking.calibration``."""
        return await self._sender.send(calibrations.get_calibration(self.reference))

    async def set_calibration(self, calibration: Calibration) -> BankCalibration:
        """See ``Asking.set_calibration``."""
        return await self._sender.send(calibrations.set_calibration(self.reference, calibration))

    async def clear_calibration(self) -> BankCalibration:
        """See ``Asking.clear_calibration``."""
        return await self._sender.send(calibrations.clear_calibration(self.reference))

    async def portrait(self, user_id: str) -> Portrait:
        """See ``Asking.portrait``."""
        return await self._sender.send(portraits.get_portrait(self.reference, user_id))

    def portrait_versions(self, user_id: str) -> AsyncIterator[PortraitEdition]:
        """See ``Asking.portrait_versions``."""
        return self._sender.items(portraits.list_portrait_versions(self.reference, user_id))

    def summaries(self, **narrowing: Unpack[SummaryListing]) -> AsyncIterator[Summary]:
        """See ``Asking.summaries``."""
        return self._sender.items(summaries.list_summaries(self.reference, **narrowing))

    def events(self, source: str) -> AsyncIterator[Event]:
        """See ``Asking.events``."""
        return self._sender.items(events.list_events(self.reference, source))
