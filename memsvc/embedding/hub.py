"""Takes a sentence encoder in ONNX form from the Hugging Face hub."""

import shutil
from pathlib import Path
from types import ModuleType

from memsvc.embedding.catalog import HubSource
from memsvc.embedding.manifest import write_manifest
from memsvc.embedding.model_folder import find_graph, weight_files
from memsvc.embedding.progress import InstallStep, Progress
from memsvc.errors import ConfigurationError, ModelNotInstalledError

_PATTERNS = (
    "tokenizer.json",
    "tokenizer_config.json",
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "1_Pooling/config.json",
    "model.onnx",
    "model.onnx_data",
    "onnx/model.onnx",
    "onnx/model.onnx_data",
)


def fill_from_hub(
    source: HubSource, folder: Path, *, progress: Progress, endpoint: str | None = None
) -> None:
    """Fill the empty ``folder`` with the repository's encoder and the manifest.

    Only the files named here are asked for: no code is ever downloaded. ``endpoint`` is another
    hub than the public one. Raises ``ModelNotInstalledError`` or ``ConfigurationError``.
    """
    hub = _import_hub()
    api = hub.HfApi(endpoint=endpoint)
    progress(InstallStep.DOWNLOADING)
    try:
        # Asked for first: with a commit at hand the origin is exact, and without an answer the
        # download would take the empty folder for a finished one.
        commit = api.model_info(source.repository, revision=source.revision).sha
        api.snapshot_download(
            source.repository, revision=commit, local_dir=folder, allow_patterns=list(_PATTERNS)
        )
    except (OSError, ValueError, hub.errors.HfHubHTTPError) as error:
        raise ModelNotInstalledError(
            f"Could not download {source.repository} from the hub: {error}"
        ) from error
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    weights = [file.relative_to(folder).as_posix() for file in weight_files(find_graph(folder))]
    write_manifest(folder, origin=f"hub:{source.repository}@{commit}", weights=weights)


def _import_hub() -> ModuleType:
    try:
        import huggingface_hub  # noqa: PLC0415 - an extra, needed by one command only
    except ImportError as error:
        raise ConfigurationError(
            "Models from the hub need an extra: pip install 'memsvc[hub]'."
        ) from error
    return huggingface_hub
