"""Sorted strings in one text."""

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.sorted_strings import SortedStrings

_LINES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=6)


@given(st.lists(_LINES).map(sorted))
def test_holds_what_it_was_given(strings: list[str]) -> None:
    held = SortedStrings(strings)
    assert list(held) == strings
    assert len(held) == len(strings)
    assert [held[i] for i in range(len(held))] == strings
    assert held[:] == strings


@given(st.lists(st.sampled_from(["a", "ab", "abc", "b", "ba", "猫", "猫狗"])).map(sorted), _LINES)
def test_finds_where_a_string_stands(strings: list[str], other: str) -> None:
    held = SortedStrings(strings)
    for wanted in ("ab", "猫", "c", other):
        expected = [i for i, string in enumerate(strings) if string == wanted]
        assert list(held.range_of(wanted)) == expected


@given(st.lists(st.integers(0, 400), max_size=400), st.integers(0, 400))
def test_finds_among_many_and_after_a_way_through_arrays(numbers: list[int], wanted: int) -> None:
    strings = sorted(f"{number:03}" for number in numbers)
    for held in (
        SortedStrings(strings),
        SortedStrings.from_arrays(*SortedStrings(strings).to_arrays()),
    ):
        expected = [i for i, string in enumerate(strings) if string == f"{wanted:03}"]
        assert list(held.range_of(f"{wanted:03}")) == expected
        assert list(held) == strings


@given(st.lists(st.text("ab猫", min_size=1, max_size=6)).map(sorted))
def test_finds_every_string_with_a_fragment_once(strings: list[str]) -> None:
    held = SortedStrings(strings)
    for fragment in ("a", "ab", "aa", "猫", "b猫"):
        expected = [i for i, string in enumerate(strings) if fragment in string]
        assert list(held.containing(fragment)) == expected


def test_takes_far_less_memory_than_a_list() -> None:
    words = sorted(f"word{number:06}" for number in range(10_000))
    assert SortedStrings(words).nbytes < 16.5 * len(words)
