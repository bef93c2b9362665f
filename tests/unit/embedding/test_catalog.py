from pathlib import Path

import pytest

from memsvc.embedding.catalog import ALL_MINILM_L6_V2, FolderSource, HubSource, parse_source
from memsvc.errors import ConfigurationError


def test_built_in_name_is_found() -> None:
    assert parse_source("all-MiniLM-L6-v2") is ALL_MINILM_L6_V2


def test_folder_is_taken_as_it_is() -> None:
    assert parse_source("folder:/models/mine") == FolderSource(path=Path("/models/mine"))


@pytest.mark.parametrize(
    ("model", "expected", "directory"),
    [
        ("hub:org/name", HubSource(repository="org/name", revision=None), "org--name"),
        ("hub:org/name@v1", HubSource(repository="org/name", revision="v1"), "org--name--v1"),
    ],
)
def test_hub_name_is_split(model: str, expected: HubSource, directory: str) -> None:
    source = parse_source(model)

    assert source == expected
    assert source.directory == directory


@pytest.mark.parametrize(
    "model", ["", "unknown", "folder:", "hub:name", "hub:a/b/c", "hub:/name", "hub:a/b@"]
)
def test_anything_else_is_a_configuration_error(model: str) -> None:
    with pytest.raises(ConfigurationError, match="Unknown embedding model"):
        parse_source(model)
