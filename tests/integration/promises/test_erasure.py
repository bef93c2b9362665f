"""What is erased is found by nobody: no arm, no listing, no file, no row of any table."""

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from httpx2 import ASGITransport
from memsvc_client import AsyncBank, AsyncClient, Erasure, Filter, Message
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.api.app import create_app
from memsvc.bootstrap import Application, build_application
from memsvc.domain.erasure import Subject, SubjectKind, concerns, is_authentic
from memsvc.services.commands import BankReference, Caller
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.settings import ApiSettings, IndexSettings, OrganiseSettings, Settings
from memsvc.store.engine import normalise_url
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.worker.runner import WorkerRunner
from tests.fixtures.application import LOCAL
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder

ANN = "ann-7f3c"
SESSION = "session-41ab"
SECRETS = (
    "Maria hides zanzibar spices in Lisbon.",
    "Maria told Ann that zanzibar spices are in Lisbon.",
)
OPERATOR = Caller(tenant_id=DEFAULT_TENANT, actor="operator")
ARMS = (["dense"], ["lexical"], ["lexical", "graph"])
ALIKE = ("Ann gave Bob a book about chess.", "Bob gave Ann a book about chess.")
OTHERS = (
    "Maria went climbing in Lisbon again.",
    "Grandmother bakes rye bread every Sunday.",
)


def another_process(database: Database, embedder: HashingEmbedder, data_dir: Path) -> Application:
    """Every use case over the same database and data directory."""
    return build_application(
        Settings(
            data_dir=data_dir,
            organise=OrganiseSettings(automatic=False, working_share=1.0, least_cosine=0.3),
            index=IndexSettings(snapshot_min_memories=1, snapshot_after_changes=1),
        ),
        normalise_url(database.url),
        database.engine,
        Embedders(default=embedder),
    )


@pytest.fixture
def served(database: Database, embedder: HashingEmbedder, tmp_path: Path) -> Application:
    """Every use case; snapshots of the smallest banks are kept."""
    return another_process(database, embedder, tmp_path)


@pytest.fixture
def lagging(database: Database, embedder: HashingEmbedder, tmp_path: Path) -> Application:
    """Another process, which is seldom asked."""
    return another_process(database, embedder, tmp_path)


@pytest.fixture
async def client(served: Application) -> AsyncIterator[AsyncClient]:
    """A client of the served application, with a worker beside it."""
    runner = WorkerRunner(served.work)
    runner.start()
    try:
        transport = ASGITransport(create_app(served, ApiSettings()))
        async with AsyncClient(LOCAL, transport=transport, max_retries=0) as client:
            yield client
    finally:
        await runner.stop()


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """Ann's session and what others said: organised, compared, asked about, changed, recalled."""
    await client.create_bank("people")
    bank = client.bank("people")
    await bank.add_episode(
        [Message(text=each, external_id=f"a{no}") for no, each in enumerate(SECRETS)],
        source="ann's talk",
        title="What Ann said",
        user_id=ANN,
        session_id=SESSION,
    )
    for each in ALIKE:
        await bank.add_memory(each, user_id=ANN, session_id=SESSION)
    for each in OTHERS:
        await bank.add_memory(each, user_id="bob")
    await bank.consolidate()
    await client.wait_for_jobs("people", timeout_s=60)
    first, *_ = [each async for each in bank.memories() if each.user_id == ANN]
    await bank.update(first.id, metadata={"told": "zanzibar"})
    await bank.archive(first.id)
    await bank.restore(first.id)
    await bank.recall("zanzibar spices in Lisbon", arms=["lexical", "graph"])
    return bank


async def asked(bank: AsyncBank, application: Application) -> None:
    """Questions for her, by her words, and among others' answers; feedback in her session."""
    hers = Filter(user_id=ANN, session_id=SESSION)
    await bank.recall("what do I hide?", filter=hers, record=True)
    await bank.recall(SECRETS[0], record=True)
    answer = await bank.recall("climbing in Lisbon", record=True, k=50)
    others = [hit.memory.id for hit in answer.hits if hit.memory.user_id != ANN]
    assert 0 < len(others) < len(answer.hits)
    assert answer.id is not None
    await bank.feedback(answer.id, helped=others, session_id=SESSION)
    await application.recall_log.flush()
    # This one waits to be written until after the erasure.
    await bank.recall("what does she keep secret?", filter=Filter(user_id=ANN), record=True)


async def erased(client: AsyncClient, bank: AsyncBank, erasure: Erasure) -> Erasure:
    await client.wait_for_jobs(timeout_s=60)
    return await bank.erasure(erasure.id)


async def of_ann(bank: AsyncBank, user_id: str = ANN, session_id: str | None = None) -> list[UUID]:
    """Return her memories; of a session alone, what holds for all her sessions stays."""
    return [
        each.id
        async for each in bank.memories()
        if each.user_id == user_id and session_id in {None, each.session_id}
    ]


async def found(bank: AsyncBank, arms: Sequence[str]) -> set[UUID]:
    recalled = await bank.recall("zanzibar spices Lisbon Maria", arms=arms, k=50)
    return {hit.memory.id for hit in recalled.hits}


def snapshots(folder: Path) -> list[Path]:
    return list((folder / "index").rglob("manifest.json"))


def files_with(folder: Path, word: bytes) -> list[Path]:
    files = [each for each in folder.rglob("*") if each.is_file()]
    return [each for each in files if word in each.read_bytes()]


def rows_with(database: Database, *words: str) -> dict[str, int]:
    """How many rows of each table hold one of the words."""
    engine = create_engine(normalise_url(database.urls.superuser_url), poolclass=NullPool)
    found: dict[str, int] = {}
    with engine.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
        ).scalars()
        for table in tables.all():
            count = connection.execute(
                text(
                    f"SELECT count(*) FROM {table} AS t WHERE EXISTS (SELECT 1 FROM"
                    " unnest(CAST(:words AS text[])) AS word"
                    " WHERE strpos(t::text, word) > 0)"
                ),
                {"words": list(words)},
            ).scalar_one()
            if count:
                found[table] = count
    return found


@pytest.mark.parametrize("subject", [{"user_id": ANN}, {"session_id": SESSION}])
async def test_no_arm_and_no_row_has_what_was_erased(
    client: AsyncClient,
    served: Application,
    lagging: Application,
    bank: AsyncBank,
    database: Database,
    subject: dict[str, str],
) -> None:
    assert served.settings.data_dir is not None
    tmp_path = served.settings.data_dir
    ids = await of_ann(bank, **subject)
    await asked(bank, served)
    await lagging.recall(OPERATOR, BankReference(value="people"), RecallQuery(text="spices"))
    questions = ["do I hide", "keep secret"]
    words = [*(str(each) for each in ids), *SECRETS, *ALIKE, ANN, SESSION, "told", *questions]
    before = rows_with(database, *words)
    assert {"public.reviews", "public.operation_effects", "public.annotations"} <= before.keys()
    assert {"public.idempotency_keys", "public.episodes", "public.links"} <= before.keys()
    assert {"public.recalls", "public.recall_hits", "public.reinforcements"} <= before.keys()
    assert snapshots(tmp_path)
    for arms in ARMS:
        assert await found(bank, arms) & set(ids)

    done = await erased(client, bank, await bank.erase(**subject))

    # Hers, and what consolidating had made of them.
    assert done.state == "complete"
    assert done.memories >= 4
    assert not snapshots(tmp_path)
    assert not (tmp_path / "index" / "deleted").exists()
    await served.recall_log.flush()
    # A process that has not caught up since must not bring it back.
    await lagging.close_indexes()
    assert not snapshots(tmp_path)
    if "session_id" in subject:
        words.remove(ANN)  # She stays a user of the bank, whose portrait may be an empty one.
    after = rows_with(database, *words)
    assert after == {}
    assert rows_with(database, "climbing in Lisbon").keys() >= {"public.recalls"}
    for arms in ARMS:
        assert (await found(bank, arms)).isdisjoint(ids)
    mentioning = [each async for each in bank.mentions()]
    assert {each.memory_id for each in mentioning}.isdisjoint(ids)
    assert [each async for each in bank.reviews()] == []
    verified = await client.verify_index("people")
    assert verified.mismatches == ()
    assert not files_with(tmp_path, b"zanzibar")
    key = await client.erasure_key()
    assert is_authentic(json.loads(json.dumps(done.receipt)), key.public_key)


async def test_a_deleted_bank_has_a_receipt_under_its_id(
    client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    known = await client.get_bank("people")
    await client.delete_bank("people")
    await client.wait_for_jobs(timeout_s=60)

    [done] = [each async for each in client.bank(known.id).erasures()]
    assert done.state == "complete"
    assert done.memories >= 6
    receipt = json.loads(json.dumps(done.receipt))
    assert is_authentic(receipt, (await client.erasure_key()).public_key)
    whole = Subject(kind=SubjectKind.BANK, values=[str(known.id)])
    assert concerns(receipt["receipt"], whole)
    bare = {"public.erasures", "public.jobs", "public.idempotency_keys"}
    assert rows_with(database, str(known.id)).keys() <= bare | {"public.procrastinate_jobs"}
    assert rows_with(database, *SECRETS, ANN, SESSION) == {}
