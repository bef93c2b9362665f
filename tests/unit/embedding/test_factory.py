import sys
from pathlib import Path

import numpy as np
import pytest

from memsvc.embedding.bert_graph import build_graph
from memsvc.embedding.catalog import FolderSource, HubSource
from memsvc.embedding.factory import find_model, models_dirs, open_embedder
from memsvc.errors import ModelNotInstalledError
from memsvc.settings import EmbeddingSettings
from tests.fixtures.tiny_bert import write_model_files

SOURCE = HubSource(repository="org/name", revision=None)


def test_models_of_the_data_folder_come_before_those_of_the_environment(tmp_path: Path) -> None:
    first, second = models_dirs(tmp_path)

    assert first == tmp_path / "models"
    assert second.is_relative_to(sys.prefix)


def test_first_folder_that_has_the_model_wins(tmp_path: Path) -> None:
    places = [tmp_path / "none", tmp_path / "one", tmp_path / "two"]
    for place in places[1:]:
        (place / SOURCE.directory).mkdir(parents=True)

    assert find_model(SOURCE, places) == tmp_path / "one" / "org--name"


def test_model_that_is_nowhere_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(ModelNotInstalledError, match="models install"):
        find_model(SOURCE, [tmp_path])


def test_users_own_folder_is_used_where_it_is(tmp_path: Path) -> None:
    assert find_model(FolderSource(path=tmp_path), []) == tmp_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model_files(tmp_path)
    build_graph(tmp_path)
    return tmp_path


async def test_prefixes_of_the_model_apply_unless_the_settings_name_others(folder: Path) -> None:
    (folder / "config_sentence_transformers.json").write_text(
        '{"prompts": {"query": "query: ", "document": "document: "}}'
    )
    own = await open_embedder(EmbeddingSettings(model=f"folder:{folder}", threads=1), [])
    other = await open_embedder(
        EmbeddingSettings(model=f"folder:{folder}", threads=1, query_prefix="a "), []
    )

    assert own.model.id != other.model.id
    (document,) = await own.embed_documents(["one"])
    (same_document,) = await other.embed_documents(["one"])
    np.testing.assert_array_equal(document, same_document)
    assert not np.allclose(await own.embed_query("one"), await other.embed_query("one"))
    assert not np.allclose(await own.embed_query("one"), document[0])
    for embedder in (own, other):
        await embedder.close()
