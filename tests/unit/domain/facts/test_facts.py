"""Facts: what sentences claim, since when, and what takes the place of what."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.facts.claims import Claim, ends, timeline
from memsvc.domain.facts.evaluation import StatementPair, evaluate
from memsvc.domain.facts.extraction import claims_of, says_only

PAIRS = Path(__file__).parents[4] / "memsvc" / "cli" / "labelled" / "contradictions.jsonl"
MONDAY = datetime(2024, 3, 4, 9, tzinfo=UTC)


def claimed(text: str, said_at: datetime = MONDAY) -> list[tuple[str, str, str | None]]:
    found = claims_of(text, said_at, "Ann")
    return [(each.subject, each.predicate, each.object) for each in found]


def claim(value: str | None, day: int, *, said: int | None = None, denies: bool = False) -> Claim:
    return Claim(
        subject="ann",
        predicate="lives in",
        object=value,
        valid_from=MONDAY + timedelta(days=day),
        said_at=MONDAY + timedelta(days=day if said is None else said),
        rule="test",
        denies=denies,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I live in Lisbon with my cat.", ("ann", "lives in", "lisbon")),
        ("My sister moved to Rome.", ("ann's sister", "lives in", "rome")),
        ("Zoë works for Müller & Sons.", ("zoe", "works for", "muller sons")),
        ("The meeting was moved to 3 pm.", ("meeting", "time", "15:00")),
        ("My favourite tea is oolong.", ("ann", "favourite tea", "oolong")),
        ("小王搬到深圳了。", ("小王", "lives in", "深圳")),
    ],
)
def test_sentences_are_read_with_their_subject(text: str, expected: tuple[str, str, str]) -> None:
    assert claimed(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "Do I live in Lisbon?",
        "I'm thinking of moving to Porto.",
        "I'm moving to Milan next year.",
        "Anna says Tom works at Google.",
        'The sign said "I moved to Paris".',
        "She lives in Rome.",
        "我想搬到上海。",
        "",
        "🙂 \u0301 ...",
    ],
)
def test_what_is_no_claim_makes_no_fact(text: str) -> None:
    assert claimed(text) == []


def test_relative_dates_are_resolved_against_when_it_was_said_not_today() -> None:
    (found,) = claims_of("I moved to Porto last month.", MONDAY, "Ann")
    assert found.valid_from == datetime(2024, 2, 1, tzinfo=UTC)
    assert found.said_at == MONDAY


def test_a_backfilled_older_fact_does_not_end_a_newer_one() -> None:
    newer, older = claim("lisbon", 0), claim("porto", -500, said=10)
    assert not ends(newer, older)
    assert ends(older, newer)
    porto, lisbon = timeline([newer, older])
    assert (porto.valid_to, lisbon.valid_to) == (newer.valid_from, None)


def test_what_was_true_on_a_day_is_what_held_then() -> None:
    held = timeline([claim("rome", 0), claim("oslo", 10), claim(None, 20, denies=True)])

    def at(day: int) -> list[str | None]:
        instant = MONDAY + timedelta(days=day)
        return [each.claim.object for each in held if each.holds_at(instant)]

    assert [at(day) for day in (-1, 0, 9, 10, 19, 20)] == [
        [],
        ["rome"],
        ["rome"],
        ["oslo"],
        ["oslo"],
        [],
    ]


def test_taking_a_claim_away_reinstates_what_it_had_ended() -> None:
    rome, oslo = claim("rome", 0), claim("oslo", 10)
    assert timeline([rome, oslo])[0].ended_by == oslo
    assert timeline([rome])[0].ended_by is None


_CLAIMS = st.lists(
    st.builds(
        claim,
        st.sampled_from(["rome", "oslo", "rome italy", "porto"]),
        st.integers(-5, 5),
        said=st.integers(-5, 5),
        denies=st.booleans(),
    ),
    max_size=8,
)


@given(_CLAIMS, st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_state(claims: list[Claim], random: object) -> None:
    shuffled = list(claims)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert timeline(shuffled) == timeline(claims)


@given(_CLAIMS)
def test_no_two_values_of_one_slot_that_differ_hold_at_once(claims: list[Claim]) -> None:
    open_ones = [each.claim for each in timeline(claims) if each.ended_by is None]
    assert not any(ends(one, other) for one in open_ones for other in open_ones)


@given(st.text(max_size=80))
def test_no_text_breaks_reading(text: str) -> None:
    assert all(each.subject for each in claims_of(text, MONDAY))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I live in Rome.", True),
        ("I moved to Rome last month.", True),
        ("I live in Rome. I like it.", False),
        ("I live in Rome with my cat Tom.", False),
        ("Hello there.", False),
    ],
)
def test_only_a_text_that_says_nothing_else_goes_with_its_claim(text: str, expected: bool) -> None:
    assert says_only(text, MONDAY) is expected


def test_contradictions_are_found_precisely_on_the_labelled_pairs() -> None:
    lines = PAIRS.read_text(encoding="utf-8").splitlines()
    pairs = [
        StatementPair(
            number=read["id"],
            language=read["language"],
            group=read["class"],
            supersedes=read["supersedes"],
            one=read["one"],
            other=read["other"],
        )
        for read in map(json.loads, lines)
    ]
    assert len(pairs) >= 200
    found = evaluate(pairs)
    for figures in (found.all, found.held_out):
        assert (figures.precision or 0) >= 0.98
        assert (figures.recall or 0) >= 0.85
