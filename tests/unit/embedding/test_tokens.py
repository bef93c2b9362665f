from pathlib import Path

import pytest

from memsvc.embedding.tokens import WindowTokenizer
from memsvc.errors import ConfigurationError
from tests.fixtures.tiny_bert import VOCABULARY, WINDOW, write_tokenizer

CLS, SEP = VOCABULARY.index("[CLS]"), VOCABULARY.index("[SEP]")
ROOM = WINDOW - 2
LONG = "zero one two three four five six seven " * 5


def ids(text: str) -> list[int]:
    return [VOCABULARY.index(word) for word in text.split()]


@pytest.fixture
def tokenizer(tmp_path: Path) -> WindowTokenizer:
    path = tmp_path / "tokenizer.json"
    write_tokenizer(path)
    return WindowTokenizer(path, WINDOW)


def test_short_text_is_one_window_without_the_padding_its_file_asks_for(
    tokenizer: WindowTokenizer,
) -> None:
    assert tokenizer.document_windows(["one two"], "") == [[[CLS, *ids("one two"), SEP]]]


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_text_without_words_is_one_window(tokenizer: WindowTokenizer, text: str) -> None:
    assert tokenizer.document_windows([text], "") == [[[CLS, SEP]]]


def test_text_of_exactly_the_window_is_not_cut(tokenizer: WindowTokenizer) -> None:
    fits, does_not = "one " * ROOM, "one " * (ROOM + 1)

    counts = [len(windows) for windows in tokenizer.document_windows([fits, does_not], "")]

    assert counts == [1, 2]


def test_every_token_of_a_long_text_is_in_some_window_in_order(tokenizer: WindowTokenizer) -> None:
    (windows,) = tokenizer.document_windows([LONG], "")

    rest = ids(LONG)
    for window in windows:
        assert len(window) <= WINDOW
        body = list(window[1:-1])
        overlap = next(n for n in range(len(body) + 1) if body[n:] == rest[: len(body) - n])
        rest = rest[len(body) - overlap :]
    assert rest == []


def test_prefix_is_in_every_window(tokenizer: WindowTokenizer) -> None:
    short, long = tokenizer.document_windows(["one", LONG], "document: ")

    assert short == [[CLS, *ids("document : one"), SEP]]
    assert len(long) > 1
    assert all(list(window[1:3]) == ids("document :") for window in long)
    assert all(len(window) <= WINDOW for window in long)


def test_query_is_cut_to_one_window_after_its_prefix(tokenizer: WindowTokenizer) -> None:
    window = tokenizer.query_window(LONG, "query: ")

    assert window == [CLS, *ids("query : " + LONG)[:ROOM], SEP]


def test_endless_query_costs_no_more_than_a_long_one(tokenizer: WindowTokenizer) -> None:
    assert tokenizer.query_window("one " * 10_000_000, "") == [CLS, *ids("one " * ROOM), SEP]


def test_count_leaves_special_tokens_out(tokenizer: WindowTokenizer) -> None:
    assert tokenizer.count(["", "one two three", LONG]) == [0, 3, 40]


def test_file_that_is_no_tokenizer_is_a_configuration_error(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")

    with pytest.raises(ConfigurationError, match="not a tokenizer"):
        WindowTokenizer(path, WINDOW)
