from collections.abc import AsyncIterator

import numpy as np
import pytest

from memsvc.errors import ConfigurationError, EmbedderUnavailableError
from memsvc.llm.embedder import LiteLLMEmbedder
from memsvc.settings import EmbeddingSettings
from tests.fixtures.openai_server import OpenAIServer, embeddings


@pytest.fixture
def settings(openai_server: OpenAIServer) -> EmbeddingSettings:
    return EmbeddingSettings.model_validate(
        {
            "provider": "litellm",
            "model": "openai/scripted",
            "dimension": openai_server.dimension,
            "window_tokens": 100,
            "query_prefix": "query: ",
            "document_prefix": "passage: ",
            "api_base": openai_server.url,
            "api_key": "test",
            "timeout_s": 5,
        }
    )


@pytest.fixture
async def embedder(settings: EmbeddingSettings) -> AsyncIterator[LiteLLMEmbedder]:
    opened = await LiteLLMEmbedder.open(settings)
    yield opened
    await opened.close()


def sent(server: OpenAIServer) -> list[str]:
    return [text for request in server.requests for text in request["input"]]


async def test_prefixes_go_before_queries_and_documents(
    embedder: LiteLLMEmbedder, openai_server: OpenAIServer
) -> None:
    await embedder.embed_query("one")
    await embedder.embed_documents(["two"])

    assert sent(openai_server) == ["query: one", "passage: two"]


async def test_provider_never_sees_an_empty_text(
    embedder: LiteLLMEmbedder, openai_server: OpenAIServer
) -> None:
    await embedder.embed_documents(["", " \n"])

    assert sent(openai_server) == ["passage: .", "passage: ."]


async def test_every_character_of_a_long_text_is_sent_whole(
    embedder: LiteLLMEmbedder, openai_server: OpenAIServer
) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(500))

    (matrix,) = await embedder.embed_documents([text])

    windows = [window.removeprefix("passage: ") for window in sent(openai_server)]
    assert len(matrix) == len(windows) > 1
    assert all(window in text for window in windows)
    assert set("".join(windows)) == set(text)


async def test_many_texts_are_spread_over_requests_and_come_back_in_order(
    embedder: LiteLLMEmbedder, openai_server: OpenAIServer
) -> None:
    texts = [f"text {number}" for number in range(300)]

    matrices = await embedder.embed_documents(texts)

    assert len(openai_server.requests) == 3
    for text, matrix in zip(texts, matrices, strict=True):
        expected = np.array(openai_server.usual_vector(f"passage: {text}"))
        np.testing.assert_allclose(matrix[0], expected / np.linalg.norm(expected), atol=1e-6)


async def test_vectors_of_another_length_are_a_configuration_error(
    embedder: LiteLLMEmbedder, openai_server: OpenAIServer
) -> None:
    openai_server.script.append(embeddings([[1.0, 2.0]]))

    with pytest.raises(ConfigurationError, match="DIMENSION is 8"):
        await embedder.embed_query("one")


@pytest.mark.parametrize("bad", [0.0, float("nan")])
async def test_vector_without_direction_is_an_unavailable_embedder(
    embedder: LiteLLMEmbedder, openai_server: OpenAIServer, bad: float
) -> None:
    openai_server.script.append(embeddings([[bad] * 8]))

    with pytest.raises(EmbedderUnavailableError):
        await embedder.embed_query("one")


async def test_missing_dimension_is_a_configuration_error(settings: EmbeddingSettings) -> None:
    with pytest.raises(ConfigurationError, match="MEMSVC_EMBEDDING__DIMENSION"):
        await LiteLLMEmbedder.open(settings.model_copy(update={"dimension": None}))


async def test_identity_follows_what_changes_vectors_and_nothing_else(
    embedder: LiteLLMEmbedder, settings: EmbeddingSettings
) -> None:
    async def identity(**changes: object) -> str:
        return (await LiteLLMEmbedder.open(settings.model_copy(update=changes))).model.id

    assert await identity(api_base="http://elsewhere", timeout_s=1.0) == embedder.model.id
    changes: list[dict[str, object]] = [
        {"model": "openai/other"},
        {"dimension": 9},
        {"window_tokens": 99},
        {"query_prefix": ""},
        {"document_prefix": ""},
    ]
    identities = {await identity(**change) for change in changes}
    assert len(identities) == len(changes)
    assert embedder.model.id not in identities
