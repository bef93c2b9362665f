"""Entities through the service: kept, typed, merged by rules, asked about, undone, erased."""

import pytest
from memsvc_client import AsyncBank, AsyncClient, GivenEntity, ReviewDecidedError
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.domain.graph.resolution import RULES
from memsvc.services.organising import compare_entities, entities
from memsvc.store.engine import normalise_url
from tests.fixtures.database import Database

DOCTOR = "We saw that Dr. Ana Silva opened the clinic."
ANA = "We had lunch with Ana Silva. It rained all over Porto."
MIDDLE = "A letter came from Ana Maria Silva today."


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    await serving_client.create_bank("ada")
    return serving_client.bank("ada")


async def consolidate(serving_client: AsyncClient) -> dict[str, int]:
    job = await serving_client.bank("ada").consolidate(stages=["entities"])
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    done = await serving_client.get_job(job.id)
    assert done.state == "succeeded", done.reason
    return dict(done.counts or {})


def operator(database: Database) -> Engine:
    """Return connections that see what is kept of every tenant."""
    return create_engine(normalise_url(database.urls.superuser_url), poolclass=NullPool)


async def listed(bank: AsyncBank) -> dict[str, tuple[str | None, str | None, tuple[str, ...], int]]:
    return {
        each.name: (each.shown, each.type, each.aliases, each.memories)
        async for each in bank.entities()
    }


async def test_two_names_of_one_are_merged_shown_undone_and_left_alone(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    for number, each in enumerate((DOCTOR, ANA)):
        await bank.add_memory(each, external_id=str(number))
    apart = await listed(bank)
    assert apart["dr ana silva"] == (None, None, (), 1)

    counts = await consolidate(serving_client)

    assert counts["entities_merged"] == 1
    together = await listed(bank)
    assert together["ana silva"] == ("Ana Silva", None, ("Dr. Ana Silva",), 2)
    assert "dr ana silva" not in together
    found = await bank.entity("dr. ana silva")
    assert {memory.text for memory in found.memories} == {DOCTOR, ANA}
    [merge] = [each async for each in bank.operations(kind="merge")]
    assert merge.details is not None
    assert merge.details["evidence"] == {"rule": "title", "sorts": []}
    assert "Silva" not in str(merge.details)

    await bank.undo(merge.id)
    assert {name: each[3] for name, each in (await listed(bank)).items()} == {
        name: each[3] for name, each in apart.items()
    }
    await bank.add_memory("Nothing new here.", external_id="2")
    assert (await consolidate(serving_client)).get("entities_merged", 0) == 0
    assert "dr ana silva" in await listed(bank), "what was undone is not merged again"


async def test_an_uncertain_pair_is_asked_about_and_a_homonym_is_not_merged(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(ANA, external_id="0")
    await bank.add_memory(MIDDLE, external_id="1")
    await bank.give_facts(
        entities=[
            GivenEntity(external_id="0", name="Jordan", type="country"),
            GivenEntity(external_id="1", name="Jordan", type="player"),
        ]
    )
    assert (await consolidate(serving_client))["for_review"] == 1
    entities = await listed(bank)
    assert entities["jordan (place)"][:2] == ("Jordan", "country")
    assert entities["jordan (person)"][:2] == ("Jordan", "player")
    detail = await bank.entity("Jordan")
    assert (detail.entity.name, detail.homonyms) == ("jordan (person)", ("jordan (place)",))
    assert (await bank.entity("Jordan (place)")).homonyms == ()

    [review] = [each async for each in bank.reviews()]
    assert (review.kind, review.memory_ids) == ("entities", None)
    assert set(review.names or ()) == {"Ana Silva", "Ana Maria Silva"}
    accepted = await bank.accept_review(review.id)
    assert accepted.operation_id is not None
    assert (await listed(bank))["ana maria silva"][2:] == (("Ana Silva",), 2)
    with pytest.raises(ReviewDecidedError):
        await bank.reject_review(review.id)
    assert [each async for each in bank.reviews()] == []
    await bank.undo(accepted.operation_id)
    assert (await listed(bank))["ana silva"][3] == 1


async def test_erasing_the_only_memory_of_a_name_leaves_no_entity_of_it(
    serving_client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    for number, each in enumerate((ANA, DOCTOR, MIDDLE)):
        await bank.add_memory(each, external_id=str(number))
    await bank.give_facts(entities=[GivenEntity(external_id="0", name="Bo Vinter", type="person")])
    await consolidate(serving_client)
    [ana] = [each.id async for each in bank.memories() if each.text == ANA]

    erasure = await bank.erase(memory_ids=[ana])
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)

    assert (await bank.erasure(erasure.id)).state == "complete"
    with operator(database).connect() as connection:
        rows = connection.execute(text("SELECT form, name, merged_into FROM entities"))
        kept = {row.form: (row.name, row.merged_into) for row in rows}
        effects = "SELECT count(*) FROM operation_effects WHERE aspect IN ('entity', 'given')"
        left = connection.execute(text(effects)).scalar_one()
    assert "bo vinter" not in kept
    assert "porto" not in kept
    assert kept["dr ana silva"] == ("Dr. Ana Silva", None), "it is itself again"
    assert left == 0
    assert "dr ana silva" in await listed(bank)


async def test_what_only_the_erased_said_an_entity_to_be_is_said_no_more(
    serving_client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    """Another word for its sort stays; a homonym that only they told apart goes."""
    for number in range(3):
        await bank.add_memory(f"a note of no names {number}", external_id=str(number))
    told = [
        ("0", "Lyon", "city"),
        ("1", "Lyon", "person"),
        ("0", "Porto", "harbour town"),
        ("2", "Porto", "place"),
        ("0", "Acme", "company"),
        ("0", "Zed", "mystery"),
    ]
    plain = [GivenEntity(external_id="2", name=each) for each in ("Acme", "Zed")]
    typed = [GivenEntity(external_id=no, name=name, type=type_) for no, name, type_ in told]
    await bank.give_facts(entities=[*typed[:4:2], *typed[1:4:2], *typed[4:]])
    await consolidate(serving_client)
    await bank.give_facts(entities=plain)
    await consolidate(serving_client)
    assert kept(database) == {
        ("lyon", "place", "city"),
        ("lyon", "person", "person"),
        ("porto", "place", "harbour town"),
        ("acme", "organisation", "company"),
        ("zed", "", "mystery"),
    }
    [first] = [each.id async for each in bank.memories() if each.external_id == "0"]

    erasure = await bank.erase(memory_ids=[first])
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)

    assert (await bank.erasure(erasure.id)).state == "complete"
    assert kept(database) == {
        ("lyon", "person", "person"),
        ("porto", "place", "place"),
        ("acme", "", None),
        ("zed", "", None),
    }


def kept(database: Database) -> set[tuple[str, str, str | None]]:
    with operator(database).connect() as connection:
        rows = connection.execute(text("SELECT form, sort, type FROM entities"))
        return {(row.form, row.sort, row.type) for row in rows}


ACME, ACME_INC = "We met the people of Acme Tools yesterday.", "The letter is from Acme Tools Inc."


@pytest.mark.parametrize("first", [0, 1])
async def test_two_old_entities_are_merged_once_later_evidence_makes_it_certain(
    serving_client: AsyncClient, bank: AsyncBank, first: int
) -> None:
    """In either order; what was only asked about until then is answered by it."""
    for number, each in enumerate((ACME, ACME_INC)):
        await bank.add_memory(each, external_id=str(number))
    counts = await consolidate(serving_client)
    assert (counts.get("entities_merged", 0), counts["for_review"]) == (0, 1)

    names = ("Acme Tools", "Acme Tools Inc.")
    for place in (first, 1 - first):
        given = GivenEntity(external_id=str(place), name=names[place], type="company")
        await bank.give_facts(entities=[given])
        counts = await consolidate(serving_client)
        assert counts["for_review"] == 0
        assert counts["entities_compared"] == 1, "nothing else has changed"

    assert counts["entities_merged"] == 1
    assert (await listed(bank))["acme tools"][:3] == ("Acme Tools", "company", ("Acme Tools Inc",))
    assert [each async for each in bank.reviews()] == []


async def test_a_pair_that_was_kept_apart_stays_so_whatever_is_learnt(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    for number, each in enumerate((ACME, ACME_INC)):
        await bank.add_memory(each, external_id=str(number))
    await consolidate(serving_client)
    [review] = [each async for each in bank.reviews()]
    await bank.reject_review(review.id)
    for number, name in enumerate(("Acme Tools", "Acme Tools Inc.")):
        given = GivenEntity(external_id=str(number), name=name, type="company")
        await bank.give_facts(entities=[given])
    assert (await consolidate(serving_client))["entities_merged"] == 0


async def test_nothing_is_compared_twice_while_nothing_is_learnt(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(ANA)
    assert (await consolidate(serving_client))["entities_compared"] == 2
    assert (await consolidate(serving_client)).get("entities_compared", 0) == 0
    [stage] = [each for each in (await bank.consolidation()).stages if each.name == "entities"]
    assert stage.todo == 0
    await bank.add_memory(DOCTOR)
    assert (await consolidate(serving_client))["entities_compared"] == 1


async def test_other_rules_look_at_every_entity_once_more(
    serving_client: AsyncClient, bank: AsyncBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bank.add_memory(ANA)
    first = await consolidate(serving_client)
    for module in (entities, compare_entities):
        monkeypatch.setattr(module, "RULES", RULES + 1)
    assert (await consolidate(serving_client))["entities_compared"] == first["entities_compared"]


async def test_entities_get_the_blocks_that_other_rules_give_them(
    serving_client: AsyncClient,
    bank: AsyncBank,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await bank.add_memory(ANA)
    await consolidate(serving_client)
    engine = operator(database)
    blocks = text("SELECT form, block FROM entities ORDER BY form")
    with engine.begin() as connection:
        before = connection.execute(blocks).all()
        connection.execute(text("UPDATE entities SET block = 'of older rules'"))

    for module in (entities, compare_entities):
        monkeypatch.setattr(module, "RULES", RULES + 1)
    await consolidate(serving_client)

    with engine.connect() as connection:
        assert connection.execute(blocks).all() == before
    assert len(before) > 1
