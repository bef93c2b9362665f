"""What every ``TokenCounter`` promises, whichever vocabulary it counts by."""

from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memsvc.domain.context.composing import Format, compose
from memsvc.domain.context.material import Material
from memsvc.embedding.token_counters import (
    CachedTokens,
    EncoderTokens,
    FileTokens,
    TiktokenTokens,
    open_token_counter,
)
from memsvc.errors import ConfigurationError
from memsvc.ports import TokenCounter
from memsvc.settings import TokenSettings
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.tiny_bert import write_tokenizer
from tests.unit.domain.context.memories import materials

TEXTS = ["", "one two", "one two three four", "😀😀", "花生过敏", "line\n\nbreak"]


def _file_tokens(folder: Path) -> TokenCounter:
    write_tokenizer(folder / "tokenizer.json")
    return FileTokens(folder / "tokenizer.json")


COUNTERS: dict[str, Callable[[Path], TokenCounter]] = {
    "encoder": lambda _: EncoderTokens(HashingEmbedder()),
    "file": _file_tokens,
    "tiktoken": lambda _: TiktokenTokens("gpt-4o"),
    "cached": lambda _: CachedTokens(EncoderTokens(HashingEmbedder()), 3),
}


@pytest.fixture(params=COUNTERS)
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> TokenCounter:
    return COUNTERS[request.param](tmp_path)


def test_nothing_has_no_counts(counter: TokenCounter) -> None:
    assert counter.count([]) == []


def test_each_text_has_its_own_count_whatever_stands_beside_it(counter: TokenCounter) -> None:
    together = counter.count(TEXTS)

    assert together == [count for text in TEXTS for count in counter.count([text])]
    assert together[0] == 0
    assert together[2] > together[1] > 0


@pytest.mark.parametrize("text", ["<|endoftext|>", "[CLS]"])
def test_what_looks_like_a_special_token_is_text(counter: TokenCounter, text: str) -> None:
    assert counter.count([text])[0] > 0


def test_openai_texts_cost_what_its_own_tokenizer_says() -> None:
    counter = TiktokenTokens("openai/gpt-4o")

    assert counter.name == "o200k_base"
    # Counted with tiktoken 0.14 and the published vocabulary.
    assert counter.count(["Ada signed the lease in Lisbon.", "花生过敏", "<|endoftext|>"]) == [
        7,
        4,
        7,
    ]


def test_the_encoder_is_held_above_what_it_has_no_words_for() -> None:
    counter = EncoderTokens(HashingEmbedder())

    assert counter.count(["one two three", "x" * 400, "😀😀😀"]) == [4, 100, 3]


_SUPPRESSED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
"""The counters keep nothing between examples, and no clock decides a test."""


@given(texts=st.lists(st.text(max_size=8), max_size=30), most=st.integers(0, 10))
@settings(suppress_health_check=_SUPPRESSED)
def test_remembered_counts_are_the_counts(texts: list[str], most: int) -> None:
    plain = EncoderTokens(HashingEmbedder())
    cached = CachedTokens(plain, most)

    assert cached.count(texts) == cached.count(texts) == plain.count(texts)


def test_texts_seen_lately_are_not_counted_again() -> None:
    asked: list[str] = []

    class Noting:
        name = "noting"

        def count(self, texts: Sequence[str]) -> list[int]:
            asked.extend(texts)
            return [len(text) for text in texts]

    cached = CachedTokens(Noting(), 2)
    cached.count(["a", "bb"])
    cached.count(["bb", "ccc", "a"])
    cached.count(["ccc", "bb"])
    cached.count(["a"])

    assert asked == ["a", "bb", "ccc", "a"]


def test_a_model_that_nobody_knows_is_refused_with_what_can_be_named() -> None:
    with pytest.raises(ConfigurationError, match="MEMSVC_TOKENS__MODEL takes"):
        open_token_counter(TokenSettings(model="gpt-of-tomorrow"), HashingEmbedder())


def test_a_vocabulary_that_is_not_here_is_refused_not_downloaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    with pytest.raises(ConfigurationError, match="not on this machine"):
        TiktokenTokens("r50k_base")


def test_a_file_that_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")

    with pytest.raises(ConfigurationError, match="is not a tokenizer"):
        open_token_counter(
            TokenSettings(model=f"file:{tmp_path / 'tokenizer.json'}"), HashingEmbedder()
        )


@given(material=materials(), budget=st.integers(0, 600))
@settings(max_examples=60, suppress_health_check=_SUPPRESSED)
def test_no_context_costs_more_than_its_budget(
    counter: TokenCounter, material: Material, budget: int
) -> None:
    form = Format(budget=budget, count=counter.count, zone=UTC, zone_name="UTC")

    context = compose(material, form)

    assert counter.count([context.text])[0] == context.tokens <= budget
