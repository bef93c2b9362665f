"""What the service says of questions that it has no answer to, through the whole application."""

import pytest
from memsvc_client import AsyncBank, AsyncClient, Filter, Message

TALK = [
    ("Melanie", "I went to a pottery class yesterday and I made two bowls."),
    ("Caroline", "Wow, your bowls must look great!"),
    ("Melanie", "I painted them with my kids."),
    ("Caroline", "I signed up for a charity race in June."),
    ("Melanie", "You will do great, I am sure."),
    ("Caroline", "I am training every morning."),
]


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """A talk of two."""
    await client.create_bank("two")
    bank = client.bank("two")
    await bank.add_episode([Message(text=text, speaker=speaker) for speaker, text in TALK])
    return bank


async def test_nothing_is_judged_unless_asked(bank: AsyncBank) -> None:
    assert (await bank.recall("pottery")).answerable is None
    assert (await bank.context("pottery")).answerable is None


async def test_a_judgement_has_a_probability_and_names_the_closest(bank: AsyncBank) -> None:
    recall = await bank.recall("Which class did Melanie go to?", answerable=True)

    judged = recall.answerable
    assert judged is not None
    assert judged.probability is not None
    assert 0 <= judged.probability <= 1
    assert judged.closest == recall.hits[0].memory.id
    assert judged.statement
    assert judged.features is None
    assert (judged.reason, len(judged.model or "")) == (None, 12)


async def test_judging_changes_no_hit(bank: AsyncBank) -> None:
    for k in (1, 3, 10):
        plain = await bank.recall("pottery class", k=k)
        judged = await bank.recall("pottery class", k=k, answerable=True)
        assert [(hit.memory.id, hit.score) for hit in judged.hits] == [
            (hit.memory.id, hit.score) for hit in plain.hits
        ]


async def test_the_judgement_is_the_same_however_many_hits_are_wanted(bank: AsyncBank) -> None:
    said = [
        (await bank.recall("Who paints?", k=k, answerable=True, explain=True)).answerable
        for k in (1, 5, 50)
    ]

    assert len({str(each and each.features) for each in said}) == 1


async def test_the_other_ones_doing_is_less_of_an_answer(bank: AsyncBank) -> None:
    async def probability(question: str) -> float:
        judged = (await bank.recall(question, answerable=True)).answerable
        assert judged is not None
        assert judged.probability is not None
        return judged.probability

    assert await probability("When did Melanie go to a pottery class?") > await probability(
        "When did Caroline go to a pottery class?"
    )
    assert await probability("When is the charity race of Caroline?") > await probability(
        "When is the charity race of Melanie?"
    )


async def test_what_nothing_is_stored_about_is_missing(bank: AsyncBank) -> None:
    judged = (await bank.recall("Where is the submarine moored?", answerable=True)).answerable

    assert judged is not None
    assert {"submarine", "moored"} <= set(judged.missing)


async def test_an_empty_bank_answers_nothing(client: AsyncClient) -> None:
    await client.create_bank("empty")

    judged = (await client.bank("empty").recall("Who is there?", answerable=True)).answerable

    assert judged is not None
    assert (judged.probability, judged.is_answerable, judged.closest) == (0.0, False, None)
    assert judged.statement == "Nothing is stored."


@pytest.mark.parametrize(
    ("arms", "states"), [(["lexical"], None), (["dense"], None), ("all", ["archived"])]
)
async def test_without_both_arms_nothing_is_judged_and_it_says_why(
    bank: AsyncBank, arms: list[str], states: list[str] | None
) -> None:
    recall = await bank.recall("pottery", arms=arms, filter=Filter(states=states), answerable=True)

    judged = recall.answerable
    assert judged is not None
    assert (judged.probability, judged.is_answerable, judged.statement) == (None, None, None)
    assert judged.reason is not None
    assert "arm" in judged.reason


async def test_a_context_says_on_top_that_it_has_no_answer(client: AsyncClient) -> None:
    await client.create_bank("bare")
    bank = client.bank("bare")

    for mode in ("auto", "ranked"):
        context = await bank.context("Where is the submarine?", mode=mode, answerable=True)
        assert context.answerable is not None
        assert "Note: Nothing is stored." in context.text.splitlines()


async def test_everything_shown_is_judged_too_by_what_a_ranking_finds(bank: AsyncBank) -> None:
    whole = await bank.context("pottery class", answerable=True)
    all_hits = await bank.recall("pottery class", mode="auto", budget_tokens=500, answerable=True)
    ranked = await bank.recall("pottery class", answerable=True)

    assert (whole.mode, all_hits.mode) == ("passthrough", "passthrough")
    assert whole.answerable == all_hits.answerable == ranked.answerable
