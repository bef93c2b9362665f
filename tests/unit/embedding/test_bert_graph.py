import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from safetensors.numpy import save_file

from memsvc.embedding.bert_graph import BertShape, build_graph
from tests.fixtures import tiny_bert
from tests.fixtures.bert_reference import hidden_states
from tests.fixtures.tiny_bert import CONFIG, LAYERS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_bert.write_model_files(tmp_path)
    return tmp_path


def test_hidden_states_are_those_of_bert_when_texts_of_several_lengths_share_a_batch(
    folder: Path,
) -> None:
    texts = [[2, 5, 6, 7, 8, 9, 3], [2, 3], [2, 10, 11, 3]]
    longest = max(map(len, texts))
    # Padded with a real word, so that a mask that is ignored shows.
    ids = np.array([text + [9] * (longest - len(text)) for text in texts])
    mask = np.array([[1] * len(text) + [0] * (longest - len(text)) for text in texts])

    session = ort.InferenceSession(str(build_graph(folder)), providers=["CPUExecutionProvider"])
    (states,) = session.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": mask})

    weights = tiny_bert.random_weights()
    for row, text in zip(states, texts, strict=True):
        np.testing.assert_allclose(row[: len(text)], hidden_states(text, weights), atol=1e-5)


def test_graph_holds_no_weights(folder: Path) -> None:
    graph = build_graph(folder)
    some_weights = tiny_bert.random_weights()["encoder.layer.0.output.dense.weight"].tobytes()[:64]

    assert some_weights in (folder / "model.safetensors").read_bytes()
    assert some_weights not in graph.read_bytes()


def test_graph_is_the_same_file_when_built_twice(folder: Path) -> None:
    first = build_graph(folder).read_bytes()

    assert build_graph(folder).read_bytes() == first


@pytest.mark.parametrize(
    "difference",
    [
        {"model_type": "roberta"},
        {"hidden_act": "relu"},
        {"position_embedding_type": "relative_key"},
    ],
)
def test_another_architecture_is_refused(difference: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="not supported"):
        BertShape.from_config({**CONFIG, **difference})


def test_weights_in_another_precision_are_refused(folder: Path) -> None:
    halves = {name: w.astype(np.float16) for name, w in tiny_bert.random_weights().items()}
    save_file(halves, folder / "model.safetensors")

    with pytest.raises(ValueError, match="only F32"):
        build_graph(folder)


def test_missing_tensor_is_named(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, "num_hidden_layers": LAYERS + 1}))

    with pytest.raises(KeyError, match=f"encoder.layer.{LAYERS}"):
        build_graph(folder)
