"""The use cases of our own service, without HTTP around them: asked as a library is."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

from bench.peers.lookup import LookupEmbedder
from bench.peers.orders import Item, K
from memsvc.bootstrap import Application, build_application
from memsvc.domain.fusion import Arm
from memsvc.domain.memory import EpisodeKind
from memsvc.ports import Vector
from memsvc.services.commands import BankReference, Caller, NewEpisode, NewMessage
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.settings import OrganiseSettings, Settings
from memsvc.store.database import open_database
from memsvc.store.engine import connected
from memsvc.store.roles import DEFAULT_TENANT

_CALLER = Caller(tenant_id=DEFAULT_TENANT, actor="bench")


@contextmanager
def opened_ours(
    folder: Path, models: Sequence[Path], *, arms: frozenset[Arm] | None = None
) -> Iterator["Ours"]:
    """Yield the service on an empty database, with nothing organised beside.

    Every arm is asked unless ``arms`` are given.
    """
    with asyncio.Runner() as runner:
        opening = _opened(folder, models)
        application, embedder = runner.run(anext(opening))
        try:
            yield Ours(runner, application, embedder, arms)
        finally:
            runner.run(opening.aclose())


async def _opened(
    folder: Path, models: Sequence[Path]
) -> AsyncGenerator[tuple[Application, LookupEmbedder], None]:
    settings = Settings(data_dir=folder, organise=OrganiseSettings(automatic=False))
    async with (
        _closing(LookupEmbedder(models)) as embedder,
        open_database(settings, folder) as urls,
        connected(urls.runtime, settings.database) as engine,
    ):
        application = build_application(settings, urls.runtime, engine, Embedders(default=embedder))
        async with application.index_check.running(), application.recall_log.running():
            yield application, embedder
        await application.close_indexes()


@asynccontextmanager
async def _closing(embedder: LookupEmbedder) -> AsyncIterator[LookupEmbedder]:
    try:
        yield embedder
    finally:
        await embedder.close()


class Ours:
    """A ``PeerSystem``: a scope is a bank, what is added together an episode."""

    def __init__(
        self,
        runner: asyncio.Runner,
        application: Application,
        embedder: LookupEmbedder,
        arms: frozenset[Arm] | None = None,
    ) -> None:
        self._runner = runner
        self._application = application
        self._embedder = embedder
        self._arms = arms

    def precomputed(self, vectors: Mapping[str, Vector] | None) -> None:
        """Take the vectors of texts from here from now on; ``None`` encodes them."""
        self._embedder.known = vectors

    def add(self, scope: str, items: Sequence[Item]) -> None:
        """Store items as the messages of an episode, in one call."""
        messages = [
            NewMessage(text=each.text, speaker=each.speaker, external_id=each.id) for each in items
        ]
        episode = NewEpisode(kind=EpisodeKind.CONVERSATION, messages=messages)
        bank = BankReference(value=scope, create=True)
        self._runner.run(self._application.remember.episodes(_CALLER, bank, [episode]))

    def search(self, scope: str, question: str) -> list[str]:
        """Return the ids of the best items."""
        query = RecallQuery(text=question, k=K, arms=self._arms)
        found = self._runner.run(
            self._application.recall(_CALLER, BankReference(value=scope), query)
        )
        return [hit.memory.external_id for hit in found.hits if hit.memory.external_id is not None]

    def facts(self) -> Mapping[str, str]:
        """Return versions, and settings that are not the defaults."""
        return {"version": version("memsvc"), "database": "embedded", "asked": "in process"}
