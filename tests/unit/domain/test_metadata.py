"""JSON merge patch, by the examples of RFC 7396 that apply to objects, and its laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.memory import Json
from memsvc.domain.metadata import merge_patch

keys = st.sampled_from("abc")
leaves = st.none() | st.booleans() | st.integers(-2, 2) | st.text("xy", max_size=2)
objects = st.recursive(
    st.dictionaries(keys, leaves, max_size=3),
    lambda inner: st.dictionaries(keys, leaves | inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": "foo"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_examples_of_the_standard(
    target: dict[str, Json], patch: dict[str, Json], result: dict[str, Json]
) -> None:
    assert merge_patch(target, patch) == result


@given(objects, objects)
def test_applying_a_patch_twice_is_applying_it_once(
    target: dict[str, Json], patch: dict[str, Json]
) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@given(objects)
def test_an_empty_patch_changes_nothing(target: dict[str, Json]) -> None:
    assert merge_patch(target, {}) == target
