"""Search in rounds: a model reads what was found, keeps a note, and asks for what it lacks."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from memsvc.domain.identifiers import MemoryId, TenantId
from memsvc.domain.widening import Noted, NoteItem, NoteState, usable
from memsvc.ports import TokenCounter
from memsvc.services.recalling.arms import ArmStatus
from memsvc.services.recalling.found import AskAgain, Found, Question
from memsvc.services.recalling.rewriting import MODEL_ERRORS, told
from memsvc.services.recalling.stage_reports import IterateReport, Round, Stop
from memsvc.settings import IterateSettings
from memsvc.store.transactions import assert_no_transaction


class NoteTaker(Protocol):
    """Who keeps a note of what is found."""

    @property
    def name(self) -> str:
        """Which model it is."""
        ...

    async def take_note(self, tenant_id: TenantId, state: NoteState) -> Noted:
        """Return the note with what was found; raises one of ``MODEL_ERRORS``."""
        ...


@dataclass(slots=True, kw_only=True)
class _Session:
    """What a search in rounds has come to."""

    asked: list[str]
    rounds: list[Round] = field(default_factory=list)
    found: list[tuple[str, Found]] = field(default_factory=list)
    """What further queries found."""
    seen: set[MemoryId] = field(default_factory=set)
    note: str = ""
    misses: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Iterated:
    """What further queries found, in the order they were asked."""

    found: Sequence[tuple[str, Found]]
    report: IterateReport


class Iterate:
    """Searches on within bounds of rounds, tokens and time that callers cannot raise."""

    def __init__(self, tokens: TokenCounter, settings: IterateSettings) -> None:
        self._tokens = tokens
        self._settings = settings

    async def __call__(
        self, question: Question, first: Found, ask: AskAgain, taker: NoteTaker
    ) -> Iterated:
        """Return what was found beside ``first``; what rounds before a failure found stays."""
        assert_no_transaction("A language model")
        started = time.perf_counter()
        session = _Session(asked=[question.query.text])
        status, reason = ArmStatus.OK, None
        try:
            async with asyncio.timeout(self._settings.budget_s):
                stop = await self._search(question, first, ask, taker, session)
        except TimeoutError:
            stop = Stop.TIME
            if not session.rounds:
                status = ArmStatus.SKIPPED
                reason = f"No round was done in {self._settings.budget_s:g} s."
        except MODEL_ERRORS as error:
            stop, status, reason = Stop.FAILED, ArmStatus.FAILED, told(error)
        report = IterateReport(
            status=status,
            reason=reason,
            model=taker.name,
            took_ms=(time.perf_counter() - started) * 1000,
            stop=stop,
            rounds=session.rounds,
            note=session.note,
            tokens=session.tokens,
        )
        return Iterated(found=session.found, report=report)

    async def _search(
        self,
        question: Question,
        first: Found,
        ask: AskAgain,
        taker: NoteTaker,
        session: _Session,
    ) -> Stop:
        found = first
        for number in range(1, self._settings.most_rounds + 1):
            started = time.perf_counter()
            items = self._unread(found, session)
            if not items:
                return Stop.NOTHING_NEW
            state = NoteState(
                question=question.query.text,
                note=session.note,
                asked=session.asked,
                items=[NoteItem.of(found.visible[memory_id]) for memory_id in items],
            )
            if not self._affords(state, session):
                return Stop.TOKENS
            noted = await taker.take_note(question.bank.scope.tenant_id, state)
            session.seen.update(items)
            session.tokens += self._cost([noted.note])
            session.misses += not noted.helped
            session.note = noted.note if noted.helped else session.note
            session.rounds.append(
                Round(
                    query=session.asked[-1],
                    read=items,
                    helped=noted.helped,
                    took_ms=(time.perf_counter() - started) * 1000,
                )
            )
            if noted.enough:
                return Stop.ENOUGH
            if session.misses >= self._settings.most_misses:
                return Stop.NO_GAIN
            queries = usable([noted.next_query], session.asked, 1)
            if not queries:
                return Stop.NOTHING_NEW
            if number == self._settings.most_rounds:
                break
            found = await ask(queries[0])
            session.asked.append(queries[0])
            session.found.append((queries[0], found))
        return Stop.ROUNDS

    def _unread(self, found: Found, session: _Session) -> list[MemoryId]:
        shown = [each.memory_id for each in found.shown()]
        return [each for each in shown if each not in session.seen][: self._settings.hits]

    def _affords(self, state: NoteState, session: _Session) -> bool:
        """Book what a round gives to read; tell whether it is within the bound."""
        cost = self._cost([state.question, state.note, *(item.text for item in state.items)])
        if session.tokens + cost > self._settings.most_tokens:
            return False
        session.tokens += cost
        return True

    def _cost(self, texts: Sequence[str]) -> int:
        return sum(self._tokens.count(texts))
