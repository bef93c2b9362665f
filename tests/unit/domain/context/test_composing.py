"""What a context takes, in which order, and what it never exceeds."""

from collections.abc import Callable, Sequence
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.context.composing import Format, compose, compose_whole
from memsvc.domain.context.material import Context, HitMaterial, Material, Role
from memsvc.domain.memory import Memory, MemoryKind
from tests.unit.domain.context.memories import a_memory, by_bytes, by_words, materials

COUNTERS = [by_words, by_bytes, lambda texts: [len(text) // 4 for text in texts]]


def form(budget: int, count: Callable[[list[str]], list[int]] = by_words) -> Format:
    def counted(texts: Sequence[str]) -> list[int]:
        return count(list(texts))

    return Format(budget=budget, count=counted, zone=UTC, zone_name="UTC")


def shown(context: Context) -> list[tuple[Role, int]]:
    """Return role and place in the episode of each piece, in order."""
    return [
        (each.piece.role, each.piece.memory.seq) for one in context.sections for each in one.pieces
    ]


def hit(memory: Memory, before: Sequence[Memory] = (), after: Sequence[Memory] = ()) -> HitMaterial:
    return HitMaterial(memory=memory, score=0.9, before=before, after=after)


@given(materials(), st.integers(0, 400), st.sampled_from(COUNTERS))
def test_the_budget_is_never_exceeded(
    material: Material, budget: int, count: Callable[[list[str]], list[int]]
) -> None:
    context = compose(material, form(budget, count))

    assert count([context.text])[0] == context.tokens <= budget


@given(materials(), st.integers(0, 400))
def test_each_memory_is_shown_once_and_cited_in_order(material: Material, budget: int) -> None:
    context = compose(material, form(budget))

    pieces = [each for one in context.sections for each in one.pieces]
    assert len({each.piece.memory.id for each in pieces}) == len(pieces)
    assert [each.citation for each in pieces] == list(range(1, len(pieces) + 1))
    assert all(one.pieces for one in context.sections)


@given(materials())
def test_with_room_for_all_nothing_is_left_out(material: Material) -> None:
    context = compose(material, form(1_000_000))

    wanted = {each.id for each in (*material.summaries, *material.recent)}
    for each in material.hits:
        wanted |= {each.memory.id, *(one.id for one in (*each.before, *each.after))}
    assert {each.piece.memory.id for one in context.sections for each in one.pieces} == wanted
    assert context.left_out == 0


@given(materials(), st.integers(0, 400))
def test_equal_material_gives_equal_contexts(material: Material, budget: int) -> None:
    assert compose(material, form(budget)) == compose(material, form(budget))


def test_neighbours_surround_their_hit_and_the_best_hit_comes_first() -> None:
    turns = [a_memory(no, f"turn {no}") for no in range(10)]
    material = Material(
        hits=[hit(turns[7], turns[6:7], turns[8:9]), hit(turns[2], turns[1:2], turns[3:4])]
    )

    assert shown(compose(material, form(1000))) == [
        (Role.BEFORE, 6),
        (Role.HIT, 7),
        (Role.AFTER, 8),
        (Role.BEFORE, 1),
        (Role.HIT, 2),
        (Role.AFTER, 3),
    ]


def test_hits_that_share_a_neighbour_stand_together_in_order() -> None:
    turns = [a_memory(no) for no in range(10)]
    material = Material(
        hits=[hit(turns[5], turns[4:5], turns[6:7]), hit(turns[3], turns[2:3], turns[4:5])]
    )

    assert [seq for _, seq in shown(compose(material, form(1000)))] == [2, 3, 4, 5, 6]


def test_sections_come_in_order_and_a_hit_among_the_recent_is_not_repeated() -> None:
    turns = [a_memory(no) for no in range(6)]
    portrait = a_memory(50, "Ada is a cellist.", kind=MemoryKind.SUMMARY, episode=None)
    material = Material(summaries=[portrait], hits=[hit(turns[4])], recent=turns[3:])

    assert shown(compose(material, form(1000))) == [
        (Role.SUMMARY, 50),
        (Role.HIT, 4),
        (Role.RECENT, 3),
        (Role.RECENT, 5),
    ]


def test_neighbours_come_after_all_else_and_the_one_before_first() -> None:
    turns = [a_memory(no, "one two three four five six") for no in range(12)]
    portrait = a_memory(50, "one two three four five six", kind=MemoryKind.SUMMARY)
    material = Material(
        summaries=[portrait], hits=[hit(turns[5], turns[4:5], turns[6:7])], recent=turns[11:]
    )

    roles: list[set[Role]] = []
    for budget in range(92, 160):
        kept = {role for role, _ in shown(compose(material, form(budget)))}
        if not roles or roles[-1] != kept:
            roles.append(kept)

    assert roles == [
        {Role.HIT, Role.RECENT, Role.SUMMARY},
        {Role.HIT, Role.RECENT, Role.SUMMARY, Role.BEFORE},
        {Role.HIT, Role.RECENT, Role.SUMMARY, Role.BEFORE, Role.AFTER},
    ]


def test_with_little_room_there_are_hits_alone() -> None:
    turns = [a_memory(no, "one two three four five six") for no in range(12)]
    material = Material(hits=[hit(turns[5])], recent=turns[11:])

    assert shown(compose(material, form(60))) == [(Role.HIT, 5)]


def test_a_hit_longer_than_the_budget_is_cut_and_says_so() -> None:
    context = compose(Material(hits=[hit(a_memory(0, "word " * 5000))]), form(200))

    [section] = context.sections
    [cited] = section.pieces
    assert cited.piece.is_cut
    assert context.tokens <= 200
    assert context.text.count("word") > 50
    assert "word […]" in context.text


def test_a_budget_too_small_for_anything_gives_an_empty_text() -> None:
    context = compose(Material(hits=[hit(a_memory(0))]), form(3))

    assert (context.text, context.tokens, context.sections, context.left_out) == ("", 0, (), 1)


@given(st.lists(st.text(max_size=40), max_size=8), st.integers(0, 200))
def test_the_whole_is_shown_in_order_or_not_at_all(texts: list[str], budget: int) -> None:
    memories = [a_memory(no, text) for no, text in enumerate(texts)]

    context = compose_whole(memories, form(budget))
    unlimited = compose_whole(memories, form(1_000_000))

    assert unlimited is not None
    assert shown(unlimited) == [(Role.WHOLE, no) for no in range(len(texts))]
    assert (context is not None) == (unlimited.tokens <= budget)


@pytest.mark.parametrize("budget", [60, 80, 120])
def test_a_recent_turn_is_never_skipped_for_an_older_one(budget: int) -> None:
    turns = [a_memory(no, "word " * (30 if no == 3 else 3)) for no in range(6)]

    context = compose(Material(recent=turns), form(budget))

    seqs = [seq for _, seq in shown(context)]
    assert seqs == list(range(6))[6 - len(seqs) :]
