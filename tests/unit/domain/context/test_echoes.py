"""Contexts that came back are told from what stands around them, however they are embedded."""

import html
import json
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.chunking import split_document
from memsvc.domain.content import indexed_text, titled_text
from memsvc.domain.context.composing import Format, compose
from memsvc.domain.context.echoes import LEFT_OUT, echoes, own_text, without_echoes
from memsvc.domain.context.material import Material
from memsvc.domain.facts.extraction import claims_of
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.lexical import analyze_text
from memsvc.domain.organising.self_statements import self_statements
from memsvc.domain.thoughts.thinking import thoughts_of
from tests.unit.domain.context.memories import NOON, a_memory, by_words, materials

FORM = Format(budget=100_000, count=lambda texts: by_words(list(texts)), zone=UTC, zone_name="UTC")
BLOCK = compose(
    Material(
        summaries=[a_memory(5, "Bob lives in Lisbon.")],
        recent=[a_memory(1, "I live in Porto.\nI work for Siemens."), a_memory(2, "I'm a vegan.")],
    ),
    FORM,
).text
BEFORE, AFTER = "You are a friendly helper.", "I live in Oslo."
TAGS = st.sampled_from(
    ["<memory boundary=aaaaaa>", "</memory boundary=aaaaaa>", "<memory boundary=bbbbbb>", BLOCK]
)
HOSTILE = st.lists(TAGS | st.text(max_size=8) | st.sampled_from(["\n", "> ", "    ", "[1] "])).map(
    "".join
)


def quoted(text: str, mark: str) -> str:
    return "\n".join(mark + line for line in text.split("\n"))


@pytest.mark.parametrize(
    "block",
    [
        BLOCK,
        BLOCK + "\n" + BLOCK,
        quoted(BLOCK, "> "),
        quoted(BLOCK, "    "),
        BLOCK.replace("\n", "\r\n"),
        BLOCK.replace("\n", " "),
        BLOCK.replace("\n", "\n\n"),
        html.escape(BLOCK),
        json.dumps(BLOCK).replace("<", r"\u003c").replace(">", r"\u003E").replace("=", '="', 1),
        BLOCK.rpartition("\n")[0],
        BLOCK[: BLOCK.index("Siemens")],
        quoted(BLOCK.rpartition("\n")[0], "> "),
        quoted(BLOCK, "  ").rpartition("\n")[0],
    ],
)
def test_nothing_of_a_context_is_left_and_all_that_stands_around_it(block: str) -> None:
    own = without_echoes(f"{BEFORE}\n{block}\n{AFTER}")

    assert own.startswith(BEFORE)
    assert own.endswith(AFTER)
    rest = own.removeprefix(BEFORE).removesuffix(AFTER).replace(LEFT_OUT, "")
    assert not set(rest) - set(' \n\r>"')


def test_a_context_within_a_line_is_left_out_and_the_line_is_not() -> None:
    assert without_echoes(f"Known: {BLOCK} Thanks!") == f"Known: \n{LEFT_OUT}\n Thanks!"


def test_a_context_that_shows_another_ends_where_it_ends() -> None:
    outer = compose(Material(recent=[a_memory(3, f"Known: {BLOCK}")]), FORM).text
    assert LEFT_OUT in outer
    by_hand = outer.replace(LEFT_OUT, BLOCK)

    assert without_echoes(f"{by_hand}\n{AFTER}") == f"\n{LEFT_OUT}\n\n{AFTER}"


def test_words_about_tags_are_no_context() -> None:
    for text in (
        "<memory boundary=>",
        "memory boundary=aaaaaa",
        "</memory boundary=aaaaaa> I ski.",
    ):
        assert without_echoes(text) == text


@given(materials(), st.text(max_size=20), st.text(max_size=20))
def test_any_context_is_left_out_wholly(material: Material, before: str, after: str) -> None:
    block = compose(material, FORM).text
    assert list(echoes(before + block + after))[-1][1] == len(before + block)
    assert without_echoes(block) == f"\n{LEFT_OUT}\n"


@given(HOSTILE)
def test_parts_are_those_of_the_whole_in_their_order(text: str) -> None:
    own = own_text(text)

    assert without_echoes(own.text) == own.text
    ends = [0, *(end for _, end in own.spans)]
    assert all(start >= end for end, (start, _) in zip(ends, own.spans, strict=False))
    place = 0
    for start, end in own.spans:
        assert own.text[place : place + end - start] == text[start:end]
        if start < end:
            assert own.span(place, place + end - start) == (start, end)
        place += end - start + len(f"\n{LEFT_OUT}\n")


@given(HOSTILE)
def test_a_document_keeps_every_word_and_contexts_stay_whole(text: str) -> None:
    passages = split_document(text, 40)

    assert "".join("".join(passages).split()) == "".join(text.split())
    assert without_echoes("\n".join(passages)).split() == without_echoes(text).split()


def test_what_only_repeats_says_nothing() -> None:
    assert claims_of(BLOCK, NOON, "Ann") == []
    assert thoughts_of(BLOCK, NOON, "Ann") == []
    assert list(self_statements(BLOCK)) == []
    assert analyze_text(indexed_text(BLOCK, speaker=None, title=None), "en").terms == ()
    assert not extract_entities(titled_text(BLOCK, None)).mentions


def test_what_stands_after_a_long_context_is_read() -> None:
    text = f"{BLOCK * 30}\n{AFTER}"

    assert [each.object for each in claims_of(text, NOON, "Ann")] == ["oslo"]
    assert [each.text for each in thoughts_of(text, NOON, "Ann")] == ["Ann lives in Oslo."]
    assert [each.text for each in self_statements(text)] == ["lives in Oslo"]
