"""The duplicate decision: what is one thing said twice, and what never is."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.thoughts.duplicates import Bounds, Difference, Judgement, Verdict, judge
from memsvc.domain.thoughts.evaluation import JudgedPair, LabelledPair, evaluate, fitted
from memsvc.domain.thoughts.statements import Statement

PAIRS = Path(__file__).parents[4] / "memsvc" / "cli" / "labelled" / "duplicates.jsonl"
MONDAY, TUESDAY = (datetime(2024, 3, day, 9, tzinfo=UTC) for day in (4, 5))


def judged(one: str, other: str, cosine: float = 0.99, language: str = "en") -> Judgement:
    first, second = (Statement(text=each, language=language) for each in (one, other))
    return judge(first, second, cosine)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("She is allergic to nuts.", "SHE IS  ALLERGIC TO NUTS!"),
        ("午後3時", "午後３時。"),
        ("Straße", "STRASSE"),
    ],
)
def test_the_same_text_is_a_duplicate_whatever_its_vectors_say(one: str, other: str) -> None:
    found = judged(one, other, cosine=-1.0, language="de")
    assert (found.verdict, found.score) == (Verdict.DUPLICATE, 1.0)
    assert found.evidence.same_text


@pytest.mark.parametrize(
    ("one", "other", "language", "difference"),
    [
        ("We meet at 14:00.", "We meet at 15:00.", "en", Difference.NUMBERS),
        ("He has three cats.", "He has 4 cats.", "en", Difference.NUMBERS),
        ("She likes tea.", "She doesn't like tea.", "en", Difference.NEGATION),
        ("Elle habite ici.", "Elle n'habite plus ici.", "fr", Difference.NEGATION),
        ("我喜欢喝茶", "我不喜欢喝茶", "zh", Difference.NEGATION),
        ("They arrive on Monday.", "They arrive on Friday.", "en", Difference.DATES),
        ("Er kommt im Juni.", "Er kommt im Juli.", "de", Difference.DATES),
        ("Tom works there.", "Sam works there.", "en", Difference.NAMES),
        ("It is -5 degrees.", "It is 5 degrees.", "en", Difference.NUMBERS),
        ("Is Ann coming?", "Is Ann coming.", "en", Difference.SIGNS),
        ("It costs 5 €", "It costs 5 $", "en", Difference.SIGNS),
        ("👍", "👎", "en", Difference.SIGNS),
        ("They moved to Rome.", "They moved to Oslo.", "en", Difference.NAMES),
    ],
)
def test_one_telling_difference_keeps_two_statements_apart(
    one: str, other: str, language: str, difference: Difference
) -> None:
    for first, second in ((one, other), (other, one)):
        found = judged(first, second, cosine=1.0, language=language)
        assert difference in found.evidence.differences
        assert found.verdict is Verdict.DISTINCT


def test_what_two_people_say_of_themselves_is_two_things() -> None:
    ann, bob = (Statement(text="I like tea", language="en", speaker=who) for who in ("Ann", "Bob"))
    assert judge(ann, bob, 1.0).verdict is Verdict.DISTINCT
    again = Statement(text="I like tea", language="en", speaker="ann ")
    assert judge(ann, again, 1.0).verdict is Verdict.DUPLICATE


def test_the_same_words_on_two_days_name_two_days() -> None:
    """Defect of the original: thoughts had no times."""
    said = [
        Statement(text="I met Ann yesterday.", language="en", said_at=day)
        for day in (MONDAY, TUESDAY)
    ]
    found = judge(said[0], said[1], 1.0)
    assert found.verdict is Verdict.DISTINCT
    assert found.evidence.differences == (Difference.DATES,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann gave Bob a book.", "Bob gave Ann a book."),
        ("Dogs chase cats.", "Cats chase dogs."),
    ],
)
def test_who_does_what_to_whom_is_left_to_a_person(one: str, other: str) -> None:
    found = judged(one, other)
    assert found.evidence.is_reordered
    assert found.verdict is Verdict.UNCERTAIN


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Every morning Jonas runs five kilometres.", "Jonas runs 5 kilometres every morning."),
        ("In Rome, Ann works as a cook.", "Ann works as a cook in Rome."),
        ("Our favourite colour is green.", "Our favorite color is green."),
    ],
)
def test_order_and_spelling_make_no_other_statement(one: str, other: str) -> None:
    assert judged(one, other).verdict is Verdict.DUPLICATE


def test_a_far_cosine_alone_keeps_other_words_distinct() -> None:
    found = judged("The train was late again.", "The soup needs more salt.", cosine=0.1)
    assert found.verdict is Verdict.DISTINCT
    assert not found.evidence.differences


_TEXTS = st.text(max_size=60) | st.sampled_from(["Ann has 3 cats", "don't", "昨日", "Ça va?"])


@given(_TEXTS, _TEXTS, st.floats(-1, 1))
def test_a_pair_is_judged_alike_in_both_directions_in_its_verdict(
    one: str, other: str, cosine: float
) -> None:
    there, back = judged(one, other, cosine), judged(other, one, cosine)
    assert set(there.evidence.differences) == set(back.evidence.differences)
    assert there.evidence.same_text == back.evidence.same_text
    assert 0.0 <= there.score <= 1.0


@given(_TEXTS)
def test_no_text_differs_from_itself(text: str) -> None:
    found = judged(text, text)
    assert not found.evidence.differences
    assert found.verdict is not Verdict.DISTINCT or not text.strip()


def _labelled() -> list[LabelledPair]:
    read = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    return [
        LabelledPair(
            number=each["id"],
            language=each["language"],
            group=each["class"],
            is_duplicate=each["duplicate"],
            one=each["one"],
            other=each["other"],
        )
        for each in read
    ]


def test_the_labelled_set_is_what_the_record_says_of_it() -> None:
    pairs = _labelled()
    assert len(pairs) >= 300
    assert len({(each.one, each.other) for each in pairs}) == len(pairs)
    assert {"en", "de", "fr", "es", "zh", "ja"} <= {each.language for each in pairs}
    assert {each.number for each in pairs} == set(range(1, len(pairs) + 1))


def test_without_any_help_of_vectors_no_hard_negative_is_merged() -> None:
    """At cosine 1, which is what an encoder says that knows none of the words."""
    wrong = [
        each
        for each in _labelled()
        if not each.is_duplicate
        and each.group in {"negation", "number", "date", "roles"}
        and judged(each.one, each.other, 1.0, each.language).verdict is Verdict.DUPLICATE
    ]
    assert wrong == []


def test_figures_count_what_was_found_and_what_was_right() -> None:
    pairs = _labelled()[:8]
    results = [
        JudgedPair(pair=each, judgement=judged(each.one, each.other, 1.0, each.language))
        for each in pairs
    ]
    found = evaluate(results)
    assert found.all.pairs == found.held_out.pairs * 2 == 8
    assert found.all.right + len(found.missed) == found.all.duplicates
    assert found.all.found == found.all.right + len(found.mistakes)
    assert sum(each.pairs for each in found.by_group) == 8


def test_bounds_are_fitted_on_one_half_alone() -> None:
    pairs = _labelled()
    evidence = [(each, judged(each.one, each.other, 0.9, each.language).evidence) for each in pairs]
    half = [(pair, found) for pair, found in evidence if pair.number % 2 == 0]
    assert fitted(evidence) == fitted(half)
    assert fitted([]) == Bounds()
