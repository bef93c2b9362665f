"""Reads a sentence encoder's folder: the files of the sentence-transformers layout."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from memsvc.embedding.manifest import MANIFEST, digest, verified_manifest
from memsvc.errors import ConfigurationError

_GRAPHS = ("model.onnx", "onnx/model.onnx")
_WEIGHTS_BESIDE_GRAPH = ("_data", ".data")
_LONGEST_WINDOW = 1024
"""Attention costs memory by the square of the window: 50 MB for 12 heads here, 3 GB at 8192."""
_SUPPORTED_MODULES = frozenset({"Transformer", "Pooling", "Normalize"})


class Pooling(StrEnum):
    """How the token vectors of a window become one."""

    MEAN = "mean"
    CLS = "cls"
    LAST = "lasttoken"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A sentence encoder on disk, everything known that is needed to run and to identify it."""

    name: str
    graph: Path
    tokenizer: Path
    weights_digests: tuple[str, ...]
    """sha256 of each file that holds weights."""
    tokenizer_digest: str
    pooling: Pooling
    window_tokens: int
    """Special tokens included."""
    pad_id: int
    query_prompt: str
    document_prompt: str


def read_model_folder(path: Path, name: str) -> ModelFolder:
    """Read and check the folder; one that we installed is compared with its manifest.

    Raises ``ModelNotInstalledError`` for a damaged or absent install, ``ConfigurationError`` when
    it holds no encoder that can be run.
    """
    graph = find_graph(path)
    tokenizer = first_file(path, ("tokenizer.json",))
    _refuse_unknown_modules(path)
    config = read_json(path / "config.json")
    prompts = read_json(path / "config_sentence_transformers.json").get("prompts") or {}
    if (path / MANIFEST).exists():
        manifest = verified_manifest(path)
        weights = [manifest.digests[weight] for weight in manifest.weights]
    else:
        weights = [digest(file) for file in weight_files(graph)]
    return ModelFolder(
        name=name,
        graph=graph,
        tokenizer=tokenizer,
        weights_digests=tuple(weights),
        tokenizer_digest=digest(tokenizer),
        pooling=_pooling(path),
        window_tokens=window_tokens_of(path, config),
        pad_id=int(config.get("pad_token_id") or 0),
        query_prompt=str(prompts.get("query", "")),
        document_prompt=str(prompts.get("document", "")),
    )


def find_graph(folder: Path) -> Path:
    """Return the ONNX file of an encoder, at the top or where exporters put it."""
    return first_file(folder, _GRAPHS)


def weight_files(graph: Path) -> list[Path]:
    """Return the graph and the files of external weights that exporters put beside it."""
    beside = (graph.with_name(graph.name + suffix) for suffix in _WEIGHTS_BESIDE_GRAPH)
    return [graph, *(file for file in beside if file.is_file())]


def first_file(folder: Path, names: tuple[str, ...]) -> Path:
    """Return the first of these files that is there; raises ``ConfigurationError`` if none is."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise ConfigurationError(f"{folder} holds no encoder: {' or '.join(names)} is missing.")


def read_json(path: Path) -> Mapping[str, Any]:
    """Return an optional JSON object; a file that is not there says nothing."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ConfigurationError(f"{path} is not valid JSON.") from error
    # modules.json is a list; give every file the same shape.
    return content if isinstance(content, dict) else {"items": content}


def _refuse_unknown_modules(folder: Path) -> None:
    """Refuse models with a further layer (such as Dense) that we would silently leave out."""
    modules = read_json(folder / "modules.json").get("items", [])
    names = {str(module["type"]).rpartition(".")[2] for module in modules}
    if unknown := names - _SUPPORTED_MODULES:
        raise ConfigurationError(
            f"{folder} needs the modules {', '.join(sorted(unknown))}, which are not supported."
        )


def _pooling(folder: Path) -> Pooling:
    """Read the pooling mode in the new form (a name) or the old one (a flag per mode)."""
    path = folder / "1_Pooling" / "config.json"
    config = read_json(path)
    prefix = "pooling_mode_"
    flags = [key.removeprefix(prefix) for key in config if key.startswith(prefix) and config[key]]
    modes = [config["pooling_mode"]] if "pooling_mode" in config else flags
    try:
        (mode,) = modes
        return Pooling(str(mode).removesuffix("_tokens").removesuffix("_token"))
    except ValueError as error:
        supported = ", ".join(Pooling)
        raise ConfigurationError(
            f"{path} must name one pooling mode of {supported}; it has {modes or 'none'}."
        ) from error


def window_tokens_of(folder: Path, config: Mapping[str, Any]) -> int:
    """Return how many tokens the model sees at once: the least that any of the files allows."""
    stated = (
        read_json(folder / "sentence_bert_config.json").get("max_seq_length"),
        read_json(folder / "tokenizer_config.json").get("model_max_length"),
        config.get("max_position_embeddings"),
        _LONGEST_WINDOW,
    )
    return min(int(limit) for limit in stated if limit)
