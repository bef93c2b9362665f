"""The lexical arm: BM25 over the words held in memory."""

from collections.abc import Sequence

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import Keys
from memsvc.domain.inverted_index import InvertedIndex, LexicalQuery, WordPresence
from memsvc.domain.lexical import ANY_LANGUAGE
from memsvc.domain.memory import BankScope
from memsvc.errors import IndexUnavailableError
from memsvc.memory_index.offload import run_sized
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import Candidate, IndexEntry


class LexicalArm:
    """Searches replicas of the banks by words."""

    def __init__(self, replicas: BankReplicas) -> None:
        self._replicas = replicas

    async def search(  # noqa: PLR0913 — all of one question
        self,
        scope: BankScope,
        text: str,
        *,
        k: int,
        allowed: Sequence[MemoryId] | None = None,
        language: str = ANY_LANGUAGE,
        asked_at: float | None = None,
        beside: Sequence[IndexEntry] = (),
    ) -> list[Candidate]:
        """Return up to ``k`` memories that share a word with ``text``, best first, ties by id.

        Every write committed before the call is covered. ``allowed`` restricts the result
        exactly; how rare a word is comes from the whole bank all the same. With ``asked_at``, an
        instant on the clock of ``time.monotonic``, writes committed before that are covered.
        ``beside`` are memories that are searched too, though they are not held.
        """
        lexical = await self._index(scope, asked_at, beside)
        query = LexicalQuery(text=text, k=k, allowed=allowed, language=language)
        matches = await run_sized(len(lexical), lexical.search, query)
        return [Candidate(memory_id=match.memory_id, score=match.score) for match in matches]

    def held(self, scope: BankScope) -> int | None:
        """Return how many memories of the bank are held; it may lag behind the database."""
        return self._replicas.held(scope)

    async def presence(
        self,
        scope: BankScope,
        text: str,
        keys: Keys,
        *,
        language: str,
        asked_at: float | None,
        beside: Sequence[IndexEntry] = (),
    ) -> WordPresence:
        """Return which words of ``text`` each memory of ``keys`` has; as of ``asked_at``.

        ``beside`` are memories that count too, though they are not held.
        """
        lexical = await self._index(scope, asked_at, beside)
        return await run_sized(len(lexical), lexical.presence, text, keys, language)

    async def _index(
        self, scope: BankScope, asked_at: float | None, beside: Sequence[IndexEntry]
    ) -> InvertedIndex:
        contents = await self._replicas.contents(scope, asked_at=asked_at)
        lexical = contents.lexical
        if lexical is None:
            raise IndexUnavailableError("No words are held in memory.")
        forms = {each.memory_id: each.lexical for each in beside if each.lexical is not None}
        return lexical.with_beside(forms) if forms else lexical
