"""From settings to a local embedder: finds the installed model and loads it."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from memsvc.embedding.catalog import FolderSource, ModelSource, parse_source
from memsvc.embedding.cores import usable_cores
from memsvc.embedding.identity import Prefixes
from memsvc.embedding.model_folder import read_model_folder
from memsvc.embedding.onnx_embedder import OnnxEmbedder
from memsvc.errors import ModelNotInstalledError
from memsvc.settings import EmbeddingSettings


def default_models_dir(data_dir: Path) -> Path:
    """Return where models are installed by default."""
    return data_dir / "models"


def models_dirs(data_dir: Path) -> tuple[Path, Path]:
    """Return where models are looked for: the data folder, then beside the Python environment.

    The second is where a packaged or prepared environment brings its model along.
    """
    return default_models_dir(data_dir), Path(sys.prefix) / "share" / "memsvc" / "models"


def find_model(source: ModelSource, models_dirs: Sequence[Path]) -> Path:
    """Return the folder of an installed model. Raises ``ModelNotInstalledError``."""
    if isinstance(source, FolderSource):
        return source.path
    for models_dir in models_dirs:
        folder = models_dir / source.directory
        if folder.is_dir():
            return folder
    raise ModelNotInstalledError(
        f"The embedding model {source.name} is not installed; run `memsvc models install`."
    )


async def open_embedder(settings: EmbeddingSettings, models_dirs: Sequence[Path]) -> OnnxEmbedder:
    """Load the configured local model, off the event loop.

    Raises ``ModelNotInstalledError`` or ``ConfigurationError``. The caller closes the embedder.
    """
    return await asyncio.to_thread(load_embedder, settings, models_dirs)


def load_embedder(settings: EmbeddingSettings, models_dirs: Sequence[Path]) -> OnnxEmbedder:
    """Load the configured local model; blocks while its files are checked and read."""
    source = parse_source(settings.model)
    folder = read_model_folder(find_model(source, models_dirs), source.name)
    prefixes = Prefixes(
        query=settings.query_prefix or folder.query_prompt,
        document=settings.document_prefix or folder.document_prompt,
    )
    return OnnxEmbedder(
        folder,
        prefixes,
        threads=settings.threads or usable_cores(),
        batch_tokens=settings.batch_tokens,
    )
