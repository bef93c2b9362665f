from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest

from memsvc.embedding.bert_graph import build_graph
from memsvc.embedding.inference import SentenceEncoder
from memsvc.embedding.model_folder import ModelFolder, Pooling, read_model_folder
from memsvc.errors import ConfigurationError, EmbedderUnavailableError
from tests.fixtures import tiny_bert
from tests.fixtures.bert_reference import hidden_states

WINDOWS = [[2, 5, 6, 7, 8, 3], [2, 3], [2, 9, 10, 3]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    path = tmp_path_factory.mktemp("tiny")
    tiny_bert.write_model_files(path)
    build_graph(path)
    return read_model_folder(path, "tiny")


def unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector))


@pytest.mark.parametrize("pooling", list(Pooling))
def test_vectors_are_pooled_over_real_tokens_only(folder: ModelFolder, pooling: Pooling) -> None:
    vectors = SentenceEncoder(replace(folder, pooling=pooling), 1).encode(WINDOWS)

    weights = tiny_bert.random_weights()
    for vector, window in zip(vectors, WINDOWS, strict=True):
        states = hidden_states(window, weights)
        expected = {
            Pooling.MEAN: states.mean(0),
            Pooling.CLS: states[0],
            Pooling.LAST: states[-1],
        }[pooling]
        np.testing.assert_allclose(vector, unit(expected), atol=1e-5)


def test_vector_does_not_depend_on_its_neighbours(folder: ModelFolder) -> None:
    encoder = SentenceEncoder(folder, 1)

    together = encoder.encode(WINDOWS)
    apart = np.concatenate([encoder.encode([window]) for window in WINDOWS])

    np.testing.assert_allclose(together, apart, atol=1e-6)


def test_empty_window_gets_a_vector(folder: ModelFolder) -> None:
    vectors = SentenceEncoder(folder, 1).encode([[], [2, 5, 3]])

    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_dimension_is_that_of_the_model(folder: ModelFolder) -> None:
    assert SentenceEncoder(folder, 1).dimension == tiny_bert.HIDDEN


def toy(folder: ModelFolder, path: Path, graph: str) -> ModelFolder:
    """Return the folder with another graph, given in ONNX's own notation."""
    model = onnx.parser.parse_model('<ir_version: 10, opset_import: ["" : 20]> ' + graph)
    onnx.save_model(model, path)
    return replace(folder, graph=path)


def test_inputs_are_given_as_the_graph_wants_them(folder: ModelFolder, tmp_path: Path) -> None:
    graph = """
        toy (int32[b,s] input_ids, int32[b,s] token_type_ids) => (float[b,s,n] token_embeddings)
        <int64[1] last = {2}>
        {
            sum = Add(input_ids, token_type_ids)
            floats = Cast<to: int = 1>(sum)
            wide = Unsqueeze(floats, last)
            token_embeddings = Concat<axis: int = 2>(wide, wide)
        }"""

    encoder = SentenceEncoder(
        replace(toy(folder, tmp_path / "toy.onnx", graph), pad_id=1), threads=1
    )

    assert encoder.dimension == 2
    np.testing.assert_allclose(encoder.encode([[3, 4]]), np.full((1, 2), 2**-0.5), atol=1e-6)


def test_graph_that_wants_more_than_text_is_refused(folder: ModelFolder, tmp_path: Path) -> None:
    graph = "toy (float[b,s,2] pixels) => (float[b,s,2] out) { out = Identity(pixels) }"

    with pytest.raises(ConfigurationError, match="pixels"):
        SentenceEncoder(toy(folder, tmp_path / "toy.onnx", graph), 1)


def test_graph_without_token_vectors_is_refused(folder: ModelFolder, tmp_path: Path) -> None:
    graph = "toy (int64[b,s] input_ids) => (int64[b,s] out) { out = Identity(input_ids) }"

    with pytest.raises(ConfigurationError, match="no vectors of tokens"):
        SentenceEncoder(toy(folder, tmp_path / "toy.onnx", graph), 1)


def test_file_that_is_no_graph_is_refused(folder: ModelFolder, tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a graph")

    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        SentenceEncoder(replace(folder, graph=tmp_path / "broken.onnx"), 1)


def test_token_beyond_the_vocabulary_is_an_unavailable_encoder(folder: ModelFolder) -> None:
    with pytest.raises(EmbedderUnavailableError, match="encoder failed"):
        SentenceEncoder(folder, 1).encode([[2, 10_000, 3]])
