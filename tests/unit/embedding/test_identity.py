from dataclasses import replace
from pathlib import Path

import pytest

from memsvc.embedding.identity import Prefixes, model_identity
from memsvc.embedding.model_folder import ModelFolder, Pooling

FOLDER = ModelFolder(
    name="mine",
    graph=Path("/a/model.onnx"),
    tokenizer=Path("/a/tokenizer.json"),
    weights_digests=("w1", "w2"),
    tokenizer_digest="t",
    pooling=Pooling.MEAN,
    window_tokens=256,
    pad_id=0,
    query_prompt="",
    document_prompt="",
)
PREFIXES = Prefixes(query="", document="")
IDENTITY = "sha256:88bc1c95be0cdb452b7e8c66f2274fbe31a4b45ddffb078cf684621a9311462e"


def test_identity_is_the_same_on_every_machine() -> None:
    # A literal: if this changes, every stored vector becomes a stranger.
    assert model_identity(FOLDER, PREFIXES) == IDENTITY


def test_identity_knows_neither_name_nor_place_nor_order_of_files() -> None:
    moved = replace(
        FOLDER, name="yours", graph=Path("/b/model.onnx"), weights_digests=("w2", "w1"), pad_id=1
    )

    assert model_identity(moved, PREFIXES) == IDENTITY


@pytest.mark.parametrize(
    "other",
    [
        replace(FOLDER, weights_digests=("w1", "w3")),
        replace(FOLDER, tokenizer_digest="u"),
        replace(FOLDER, pooling=Pooling.CLS),
        replace(FOLDER, window_tokens=128),
    ],
)
def test_identity_changes_with_whatever_changes_vectors(other: ModelFolder) -> None:
    assert model_identity(other, PREFIXES) != IDENTITY


@pytest.mark.parametrize(
    "prefixes", [Prefixes(query="q", document=""), Prefixes(query="", document="q")]
)
def test_identity_changes_with_each_prefix(prefixes: Prefixes) -> None:
    assert model_identity(FOLDER, prefixes) != IDENTITY
