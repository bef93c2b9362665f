"""What every embedder promises, whichever it is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest

from memsvc.embedding.bert_graph import build_graph
from memsvc.embedding.factory import open_embedder
from memsvc.llm.embedder import LiteLLMEmbedder
from memsvc.ports import Embedder
from memsvc.settings import EmbeddingSettings
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.openai_server import running_openai_server
from tests.fixtures.tiny_bert import WINDOW, write_model_files

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven"]
TEXTS = ["one two", "", "three " * 3, " \n", "seven zero", "a 🙂 b", "one"]


def past_the_window(embedder: Embedder) -> str:
    return " ".join(WORDS * (embedder.model.window_tokens // 4))


class ClosableEmbedder(Embedder, Protocol):
    async def close(self) -> None: ...


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny-bert")
    write_model_files(folder)
    build_graph(folder)
    return folder


@pytest.fixture(scope="session")
def provider_url() -> Iterator[str]:
    with running_openai_server() as server:
        yield server.url


@pytest.fixture(params=["hashing", "onnx", "onnx-minilm", "litellm"])
async def embedder(
    request: pytest.FixtureRequest, tiny_folder: Path, provider_url: str
) -> AsyncIterator[ClosableEmbedder]:
    made: ClosableEmbedder
    match request.param:
        case "onnx":
            made = await open_embedder(
                EmbeddingSettings(model=f"folder:{tiny_folder}", threads=1, batch_tokens=64), []
            )
        case "onnx-minilm":
            models_dir: Path = request.getfixturevalue("minilm_dir")
            made = await open_embedder(EmbeddingSettings(), [models_dir])
        case "litellm":
            made = await LiteLLMEmbedder.open(
                EmbeddingSettings(
                    provider="litellm",
                    model="openai/scripted",
                    dimension=8,
                    window_tokens=40,
                    api_base=provider_url,
                    api_key="test",
                )
            )
        case _:
            made = HashingEmbedder(window_tokens=WINDOW)
    yield made
    await made.close()


async def test_documents_are_unit_vectors_in_the_order_given(embedder: Embedder) -> None:
    matrices = await embedder.embed_documents(TEXTS)

    assert len(matrices) == len(TEXTS)
    for text, matrix in zip(TEXTS, matrices, strict=True):
        assert matrix.shape == (1, embedder.model.dimension)
        assert matrix.dtype == np.float32
        assert matrix.flags.c_contiguous
        np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)
        (alone,) = await embedder.embed_documents([text])
        np.testing.assert_allclose(matrix, alone, atol=1e-5)


async def test_query_is_one_unit_vector_in_the_space_of_the_documents(embedder: Embedder) -> None:
    query = await embedder.embed_query("one two")

    assert query.shape == (embedder.model.dimension,)
    assert query.dtype == np.float32
    (document,) = await embedder.embed_documents(["one two"])
    np.testing.assert_allclose(query, document[0], atol=1e-5)


async def test_text_past_the_window_gets_several_vectors_that_see_all_of_it(
    embedder: Embedder,
) -> None:
    text = past_the_window(embedder)

    (matrix,) = await embedder.embed_documents([text])
    (with_other_end,) = await embedder.embed_documents([text + " document : query"])

    assert len(matrix) > 1
    np.testing.assert_allclose(np.linalg.norm(matrix, axis=1), 1, atol=1e-5)
    assert len(matrix) != len(with_other_end) or not np.allclose(matrix[-1], with_other_end[-1])


async def test_query_past_the_window_is_still_one_vector(embedder: Embedder) -> None:
    vector = await embedder.embed_query(past_the_window(embedder))

    np.testing.assert_allclose(np.linalg.norm(vector), 1, atol=1e-5)


async def test_no_texts_give_no_vectors(embedder: Embedder) -> None:
    assert await embedder.embed_documents([]) == []
    assert embedder.count_tokens([]) == []


async def test_tokens_are_counted_per_text(embedder: Embedder) -> None:
    none, few, more = embedder.count_tokens(["", "one", past_the_window(embedder)])

    assert 0 == none < few < more


async def test_concurrent_calls_get_their_own_answers(embedder: Embedder) -> None:
    alone = [(await embedder.embed_documents([word]))[0] for word in WORDS]

    together = await asyncio.gather(*(embedder.embed_documents([word, "one"]) for word in WORDS))

    for expected, (matrix, _one) in zip(alone, together, strict=True):
        np.testing.assert_allclose(matrix, expected, atol=1e-5)


def test_model_is_fully_described(embedder: Embedder) -> None:
    model = embedder.model

    assert model.id
    assert model.name
    assert model.dimension > 0
    assert model.window_tokens > 0
    assert embedder.model == model
