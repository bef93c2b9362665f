"""Documents are cut at their seams, and nothing of their text is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.chunking import split_document

texts = st.text(st.sampled_from("ab .!?。\n\t字é"), max_size=400)


@given(texts, st.integers(1, 60))
def test_passages_are_short_and_hold_every_character_in_order(text: str, target: int) -> None:
    passages = split_document(text, target)

    assert all(len(passage) <= target for passage in passages)
    assert all(passage.strip() == passage != "" for passage in passages)
    assert "".join("".join(passages).split()) == "".join(text.split())


@given(texts)
def test_a_text_that_fits_is_one_passage(text: str) -> None:
    assert split_document(text, 1000) == ([text.strip()] if text.strip() else [])


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        ("one two\n\nthree four", ["one two", "three four"]),
        ("one two\nthree four", ["one two", "three four"]),
        ("One two. Tea for.", ["One two.", "Tea for."]),
        ("今天很好。明天也好。", ["今天很好。", "明天也好。"]),
        ("abcdefghijklmno", ["abcdefghij", "klmno"]),
    ],
)
def test_cuts_fall_on_the_largest_seam_that_fits(text: str, passages: list[str]) -> None:
    target = 6 if "。" in text else 10
    assert split_document(text, target) == passages


def test_small_neighbours_share_a_passage() -> None:
    assert split_document("a.\n\nb.\n\nc.", 7) == ["a.\n\nb.", "c."]
