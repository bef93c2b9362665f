import json
from pathlib import Path

import pytest

from memsvc.embedding.manifest import digest, write_manifest
from memsvc.embedding.model_folder import Pooling, read_model_folder
from memsvc.errors import ConfigurationError, ModelNotInstalledError
from tests.fixtures.tiny_bert import POSITIONS, WINDOW, write_model_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model_files(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"graph")
    return tmp_path


def write(folder: Path, name: str, content: object) -> None:
    (folder / name).write_text(json.dumps(content))


def test_everything_is_read_from_the_usual_files(folder: Path) -> None:
    prompts = {"query": "query: ", "document": "passage: "}
    write(folder, "config_sentence_transformers.json", {"prompts": prompts})

    read = read_model_folder(folder, "mine")

    assert read.name == "mine"
    assert read.graph == folder / "model.onnx"
    assert read.pooling is Pooling.MEAN
    assert read.window_tokens == WINDOW
    assert (read.query_prompt, read.document_prompt) == ("query: ", "passage: ")


def test_graph_is_found_where_exporters_put_it(folder: Path) -> None:
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")

    assert read_model_folder(folder, "mine").graph == folder / "onnx" / "model.onnx"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(ConfigurationError, match=name):
        read_model_folder(folder, "mine")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"pooling_mode": "cls"}, Pooling.CLS),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, Pooling.CLS),
        ({"pooling_mode_mean_tokens": True}, Pooling.MEAN),
        ({"pooling_mode_lasttoken": True}, Pooling.LAST),
    ],
)
def test_pooling_is_read_in_both_forms(
    folder: Path, config: dict[str, object], expected: Pooling
) -> None:
    write(folder, "1_Pooling/config.json", config)

    assert read_model_folder(folder, "mine").pooling is expected


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"pooling_mode": "weightedmean"},
        {"pooling_mode": ["cls", "mean"]},
        {"pooling_mode_mean_sqrt_len_tokens": True},
        {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True},
    ],
)
def test_pooling_that_we_lack_is_refused(folder: Path, config: dict[str, object]) -> None:
    write(folder, "1_Pooling/config.json", config)

    with pytest.raises(ConfigurationError, match="one pooling mode"):
        read_model_folder(folder, "mine")


def test_further_layer_is_refused(folder: Path) -> None:
    write(folder, "modules.json", [{"type": "sentence_transformers.models.Dense"}])

    with pytest.raises(ConfigurationError, match="Dense"):
        read_model_folder(folder, "mine")


def test_window_is_the_least_that_any_file_allows(folder: Path) -> None:
    (folder / "sentence_bert_config.json").unlink()
    write(folder, "tokenizer_config.json", {"model_max_length": 10**30})

    assert read_model_folder(folder, "mine").window_tokens == POSITIONS


def test_window_is_bounded_when_the_model_sees_very_long_texts(folder: Path) -> None:
    write(folder, "sentence_bert_config.json", {"max_seq_length": 8192})
    write(folder, "config.json", {"max_position_embeddings": 8192})

    assert read_model_folder(folder, "mine").window_tokens == 1024


def test_broken_json_is_named(folder: Path) -> None:
    (folder / "config.json").write_text("{")

    with pytest.raises(ConfigurationError, match=r"config\.json"):
        read_model_folder(folder, "mine")


def test_weights_of_a_plain_folder_are_the_graph_and_what_lies_beside_it(folder: Path) -> None:
    beside = folder / "model.onnx_data"
    beside.write_bytes(b"more")

    digests = read_model_folder(folder, "mine").weights_digests

    assert digests == (digest(folder / "model.onnx"), digest(beside))


def test_weights_of_an_install_are_those_its_manifest_names(folder: Path) -> None:
    write_manifest(folder, origin="somewhere", weights=["model.safetensors"])

    read = read_model_folder(folder, "mine")

    assert read.weights_digests == (digest(folder / "model.safetensors"),)


def test_damaged_install_is_refused(folder: Path) -> None:
    write_manifest(folder, origin="somewhere", weights=["model.safetensors"])
    (folder / "model.onnx").write_bytes(b"altered")

    with pytest.raises(ModelNotInstalledError, match=r"model\.onnx"):
        read_model_folder(folder, "mine")
