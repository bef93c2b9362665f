"""Erasure is real: nothing of the erased is found anywhere, all of the others is as it was."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.bootstrap import Application
from memsvc.domain.erasure import (
    Erasure,
    ErasureId,
    ErasureState,
    Subject,
    SubjectKind,
    is_authentic,
)
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import BankScope, MemoryState, ScopeKeys
from memsvc.errors import ErasureIncompleteError, MemoryNotFoundError
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import BankCopies
from memsvc.services.commands import BankReference, NewMemory
from memsvc.services.erasing import erase as erase_module
from memsvc.services.erasing.erase import Erase, EraseData
from memsvc.services.erasing.erasure_receipts import ErasureReceipts
from memsvc.services.erasing.receipts import ReceiptSigner
from memsvc.services.run_job import JobContext
from memsvc.settings import IndexSettings
from memsvc.store.engine import normalise_url
from memsvc.store.eraser import CARRIED
from memsvc.system_clock import SystemClock
from tests.fixtures.organising import Organiser
from tests.fixtures.services import Service

ANN = Subject(kind=SubjectKind.USER, values=["ann-7f3c"])
BANK = BankReference(value="people")
MANY = 10_000


class StoppedError(Exception):
    """The worker is gone."""


class Eraser:
    """Erases as a worker does, with a key in a folder of the test's."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service = service
        self.signer = ReceiptSigner(folder)
        self.copies: BankCopies | None = None
        self.use = Erase(service.database.store, self.signer)

    async def start(
        self, subject: Subject, bank: BankReference = BANK
    ) -> tuple[ErasureId, JobContext, list[int]]:
        started = (await self.use.start(self.service.caller, bank, subject)).value
        async with self.service.database.store.read(self.service.caller.tenant_id) as tx:
            job = await tx.jobs.get(started.job_id)
        reported: list[int] = []

        async def report(progress: object) -> None:
            reported.append(1)

        async def is_cancelled() -> bool:
            return False

        context = JobContext(job=job, report_progress=report, is_cancelled=is_cancelled)
        return started.erasure_id, context, reported

    async def run(self, context: JobContext) -> None:
        store = self.service.database.store
        await EraseData(
            store,
            self.copies or BankReplicas(self.service.feed, IndexSettings(), model_id=None),
            ErasureReceipts(store, self.signer, SystemClock(), backup_days=30),
        )(context)

    async def erase(self, subject: Subject, bank: BankReference = BANK) -> Erasure:
        erasure_id, context, _ = await self.start(subject, bank)
        await self.run(context)
        return await self.use.get(self.service.caller, bank, erasure_id)


@pytest.fixture
def eraser(service: Service, tmp_path: Path) -> Eraser:
    return Eraser(service, tmp_path)


def opened(service: Service) -> Connection:
    """A superuser's look at everything."""
    url = normalise_url(service.database.urls.superuser_url)
    return create_engine(url, poolclass=NullPool).connect()


async def write(service: Service, user: str | None, *texts: str) -> list[MemoryId]:
    items = [NewMemory(text=each, keys=ScopeKeys(user_id=user)) for each in texts]
    return [each.id for each in (await service.remember_items("people", *items)).memories]


def multiply(service: Service, user: str, count: int) -> None:
    """Copy a memory of the user, with all that is made from it, under new ids and texts."""
    with opened(service) as connection:
        template = connection.execute(
            text("SELECT memory_id FROM memories WHERE user_id = :user LIMIT 1"), {"user": user}
        ).scalar_one()
        connection.execute(
            text(
                "CREATE TEMP TABLE copies AS SELECT gen_random_uuid() AS id, n"
                " FROM generate_series(1, :count) AS n"
            ),
            {"count": count},
        )
        for table, changed in {
            "memories": {},
            "memory_versions": {"text": f"'secret number ' || n || ' of the user {user}'"},
            "lexical_forms": {},
            "embeddings": {"vector_id": "nextval('vector_ids')"},
            "mentions": {},
            "annotations": {},
            "entity_readings": {},
            "facts": {"fact_id": "gen_random_uuid()"},
            "fact_readings": {},
            "reinforcements": {},
            "audit_events": {"event_id": "gen_random_uuid()"},
            "index_changes": {"seq": "nextval('change_numbers')"},
        }.items():
            names = (
                connection.execute(
                    text(
                        "SELECT column_name FROM information_schema.columns WHERE table_name = :t"
                    ),
                    {"t": table},
                )
                .scalars()
                .all()
            )
            values = [
                {"memory_id": "copies.id", **changed}.get(name, f"old.{name}") for name in names
            ]
            connection.execute(
                text(
                    f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)}"
                    f" FROM {table} AS old, copies WHERE old.memory_id = :template"
                ),
                {"template": template},
            )
        connection.execute(
            text(
                "INSERT INTO links (bank_id, from_id, to_id, type, weight, reason, tenant_id,"
                " recorded_at) SELECT bank_id, copies.id, :template, 'similar', 0.5,"
                " 'shares: ' || :user, tenant_id, now() FROM memories, copies"
                " WHERE memory_id = :template"
            ),
            {"template": template, "user": user},
        )
        connection.commit()


def claim(service: Service) -> None:
    """Let every memory be reinforced and claim something."""
    with opened(service) as connection:
        connection.execute(
            text(
                "INSERT INTO reinforcements (bank_id, memory_id, occasion, cause, tenant_id, actor,"
                " recorded_at) SELECT bank_id, memory_id, 'talk-51', 'helped', tenant_id, 'test',"
                " now() FROM memories"
            )
        )
        connection.execute(
            text(
                "INSERT INTO facts (bank_id, fact_id, tenant_id, memory_id, subject, predicate,"
                " object, rule, denies, is_functional, is_change, stood, valid_from, said_at,"
                " recorded_at) SELECT bank_id, gen_random_uuid(), tenant_id, memory_id,"
                " coalesce(user_id, 'somebody'), 'likes', 'doors', 'test', false, false, false,"
                " true, now(), now(), now() FROM memories"
            )
        )
        connection.execute(
            text(
                "INSERT INTO fact_readings (bank_id, memory_id, tenant_id, version)"
                " SELECT bank_id, memory_id, tenant_id, current_version FROM memories"
            )
        )
        connection.commit()


def dumped(service: Service) -> dict[str, list[str]]:
    """Every row of every table as JSON; another method than the verifier's."""
    with opened(service) as connection:
        tables = (
            connection.execute(
                text(
                    "SELECT table_schema || '.' || table_name FROM information_schema.tables"
                    " WHERE table_type = 'BASE TABLE'"
                    " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
                )
            )
            .scalars()
            .all()
        )
        return {
            each: list(
                connection.execute(text(f"SELECT to_jsonb(r)::text FROM {each} AS r")).scalars()
            )
            for each in tables
        }


def of_others(rows: dict[str, list[str]], ids: Sequence[UUID]) -> dict[str, str]:
    """A checksum by table of the rows that name any of these memories."""
    named = {str(each) for each in ids}
    sums = {}
    for table, lines in rows.items():
        own = sorted(line for line in lines if str(json.loads(line).get("memory_id")) in named)
        sums[table] = hashlib.sha256("\n".join(own).encode()).hexdigest()
    return sums


async def test_nothing_of_a_user_with_10000_memories_is_left_and_all_of_the_others(
    service: Service, eraser: Eraser
) -> None:
    theirs = await write(service, "ann-7f3c", "the secret of the user ann-7f3c is a blue door")
    others = await write(service, "bob", "bob likes ships and harbours", "bob sails on sundays")
    async with service.database.store.read(service.caller.tenant_id) as tx:
        scope = (await tx.banks.resolve("people")).scope
    await Organiser(service=service, scope=scope).run()
    claim(service)
    multiply(service, "ann-7f3c", MANY - 1)
    multiply(service, "bob", 500)
    with opened(service) as connection:
        ids = (
            connection.execute(text("SELECT memory_id FROM memories WHERE user_id = 'ann-7f3c'"))
            .scalars()
            .all()
        )
        kept = (
            connection.execute(text("SELECT memory_id FROM memories WHERE user_id = 'bob'"))
            .scalars()
            .all()
        )
    before = of_others(dumped(service), kept)
    assert len(ids) == MANY

    done = await eraser.erase(ANN)

    after = dumped(service)
    gone = {str(each) for each in ids}
    for table, lines in after.items():
        assert not [line for line in lines if "ann-7f3c" in line], table
        words = {word.strip('",:{}[] ') for line in lines for word in line.split()}
        assert not gone & words, table
    # The bank's change log is cut, so that every index is loaded afresh.
    assert after["public.index_changes"] == []
    assert of_others(after, kept) | {"public.index_changes": ""} == before | {
        "public.index_changes": ""
    }
    assert done.state is ErasureState.COMPLETE
    assert done.memory_count == MANY
    for table in ("memories", "reinforcements", "facts", "annotations"):
        assert done.counts[table] == MANY, table
    assert done.counts["embeddings"] == 2 * MANY  # As said, and as annotated.
    assert done.counts["links"] >= MANY - 1
    assert done.counts["mentions"] >= MANY
    with pytest.raises(MemoryNotFoundError):
        await service.memories.get(service.caller, BANK, theirs[0])
    assert (await service.memories.get(service.caller, BANK, others[0])).text.startswith("bob")


async def test_what_this_process_still_holds_in_memory_is_found(
    service: Service, eraser: Eraser
) -> None:
    (theirs,) = await write(service, "ann-7f3c", "Ann hides a blue door in Lisbon")
    await write(service, "bob", "Bob likes ships in Porto")
    async with service.database.store.read(service.caller.tenant_id) as tx:
        scope = (await tx.banks.resolve("people")).scope
    held = BankReplicas(service.feed, IndexSettings(), model_id=service.embedder.model.id)
    await held.contents(scope)
    await held.graph(scope)

    kept = await held.search(scope, [theirs])
    eraser.copies = held
    done = await eraser.erase(ANN)
    await held.contents(scope)
    await held.graph(scope)
    gone = await held.search(scope, [theirs])

    places = [f"{index} in memory" for index in ("words", "vectors", "graph")]
    assert kept.leftovers == dict.fromkeys(places, 1)
    assert done.state is ErasureState.COMPLETE
    assert gone.leftovers == {}
    assert {place: gone.searched[place] for place in places} == dict.fromkeys(places, 1)


def test_every_row_that_goes_with_its_memory_is_counted(service: Service) -> None:
    with opened(service) as connection:
        carried = connection.execute(
            text(
                "SELECT c.conrelid::regclass::text AS name, a.attname AS column_name"
                " FROM pg_constraint AS c JOIN pg_attribute AS a"
                " ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]"
                " WHERE c.contype = 'f' AND c.confdeltype = 'c'"
                " AND c.confrelid IN ('memories'::regclass, 'memory_versions'::regclass)"
            )
        ).all()
    counted = {(table, column) for table, columns in CARRIED.items() for column in columns}
    assert {(row.name, row.column_name) for row in carried} == counted


async def test_receipt_is_signed_names_nobody_and_bears_no_change(
    service: Service, eraser: Eraser, tmp_path: Path
) -> None:
    await write(service, "ann-7f3c", "the secret of the user ann-7f3c is a blue door")
    done = await eraser.erase(ANN)
    assert done.receipt is not None
    key = await eraser.signer.public_key()

    assert is_authentic(done.receipt, key)
    assert "ann-7f3c" not in json.dumps(done.receipt)
    assert done.subject is None
    assert (tmp_path / "receipts.key").stat().st_mode & 0o777 == 0o600
    document = done.receipt["receipt"]
    assert isinstance(document, dict)
    for name in document:
        assert not is_authentic({**done.receipt, "receipt": {**document, name: "other"}}, key)
    assert not is_authentic(done.receipt, await ReceiptSigner(tmp_path / "new").public_key())


async def test_erasure_goes_on_where_a_dead_worker_left_it(
    service: Service, eraser: Eraser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erase_module, "_BATCH", 1)
    await write(service, "ann-7f3c", "one secret of ann", "two secrets of ann", "three of ann")
    erasure_id, context, reported = await eraser.start(ANN)

    async def dies(progress: object) -> None:
        raise StoppedError

    dying = JobContext(job=context.job, report_progress=dies, is_cancelled=context.is_cancelled)
    with pytest.raises(StoppedError):
        await eraser.run(dying)
    await eraser.run(context)

    done = await eraser.use.get(service.caller, BANK, erasure_id)
    assert (done.state, done.memory_count, len(reported)) == (ErasureState.COMPLETE, 3, 2)


@pytest.mark.parametrize("place", ["text", "uuid", "json", "array", "bytes"])
async def test_what_the_eraser_does_not_know_of_is_found_and_a_retry_completes(
    service: Service, eraser: Eraser, place: str
) -> None:
    said = "a rather long secret about the blue door of ann"
    (memory_id,) = await write(service, "ann-7f3c", said)
    types = {"text": "text", "uuid": "uuid", "json": "jsonb", "array": "uuid[]", "bytes": "bytea"}
    planted = {
        "text": f"he said: {said}",
        "uuid": str(memory_id),
        "json": json.dumps({"deep": [str(memory_id)]}),
        "array": f"{{{memory_id}}}",
        "bytes": said.encode(),
    }
    with opened(service) as connection:
        connection.execute(text(f"CREATE TABLE stray (it {types[place]})"))
        connection.execute(text("GRANT SELECT ON stray TO memsvc_app"))
        connection.execute(
            text(f"INSERT INTO stray VALUES (CAST(:it AS {types[place]}))"), {"it": planted[place]}
        )
        connection.commit()
    erasure_id, context, _ = await eraser.start(ANN)

    with pytest.raises(ErasureIncompleteError, match=r"stray\.it"):
        await eraser.run(context)
    found = await eraser.use.get(service.caller, BANK, erasure_id)
    assert found.state is ErasureState.INCOMPLETE
    with opened(service) as connection:
        connection.execute(text("DELETE FROM stray"))
        connection.commit()
    await eraser.run(context)

    done = await eraser.use.get(service.caller, BANK, erasure_id)
    assert (done.state, done.memory_count) == (ErasureState.COMPLETE, 1)


async def test_a_memory_merged_into_an_erased_one_is_active_again(
    service: Service, eraser: Eraser
) -> None:
    (theirs,) = await write(service, "ann-7f3c", "the harbour is full of ships")
    (merged,) = await write(service, "bob", "ships fill the harbour")
    (derived,) = await write(service, None, "there was talk of harbours")
    store = service.database.store
    scope: BankScope
    async with store.write(service.caller.tenant_id) as tx:
        scope = (await tx.banks.resolve("people")).scope
        told = [
            NewLink(from_id=merged, to_id=theirs, type=LinkType.MERGED_INTO),
            NewLink(from_id=derived, to_id=theirs, type=LinkType.DERIVED_FROM),
        ]
        await tx.links.add(scope.bank_id, told)
        await tx.memories.set_state(scope.bank_id, merged, MemoryState.MERGED)

    await eraser.erase(ANN)

    back = await service.memories.get(service.caller, BANK, merged)
    assert back.state is MemoryState.ACTIVE
    with pytest.raises(MemoryNotFoundError):
        await service.memories.get(service.caller, BANK, derived)


async def test_preview_counts_and_changes_nothing(service: Service, eraser: Eraser) -> None:
    await write(service, "ann-7f3c", "one secret of ann", "two secrets of ann")
    before = dumped(service)
    assert await eraser.use.preview(service.caller, BANK, ANN) == 2
    assert dumped(service) == before


async def test_erasing_somebody_unknown_ends_with_a_receipt_of_nothing(
    service: Service, eraser: Eraser
) -> None:
    await write(service, "bob", "bob likes ships")
    nobody = Subject(kind=SubjectKind.MEMORIES, values=[str(uuid4())])
    done = await eraser.erase(nobody)
    assert (done.state, done.memory_count) == (ErasureState.COMPLETE, 0)


def test_service_offers_erasure(application: Application) -> None:
    assert isinstance(application.erase, Erase)


async def test_a_deleted_bank_leaves_receipts_and_no_notes_of_whom_was_to_be_erased(
    service: Service, eraser: Eraser
) -> None:
    await write(service, "ann-7f3c", "the secret of the user ann-7f3c is a blue door")
    done = await eraser.erase(ANN)
    await eraser.start(Subject(kind=SubjectKind.USER, values=["bob-91d2"]))

    async with service.database.store.write(service.caller.tenant_id) as tx:
        await tx.banks.purge_some(done.bank_id, 500)
        await tx.banks.purge_rest(done.bank_id)

    [kept] = dumped(service)["public.erasures"]
    assert json.loads(kept)["receipt"] == done.receipt
    assert "bob-91d2" not in kept
