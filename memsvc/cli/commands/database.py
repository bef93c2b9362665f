"""`memsvc db`: the database's schema."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson

if TYPE_CHECKING:
    from pydantic import JsonValue

    from memsvc.settings import Settings
    from memsvc.store.inspection import PendingRevision

app = typer.Typer(help="The database's schema.", no_args_is_help=True)

_NO_DATABASE = "There is no embedded database yet; the first start creates it."


@app.command()
def upgrade(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which migrations would run.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to this version: create extension and roles, run migrations."""
    from memsvc.bootstrap import data_dir_of
    from memsvc.cli.output import print_json
    from memsvc.store.inspection import current_revision, existing_database, pending_revisions

    settings = _settings()
    with existing_database(settings, data_dir_of(settings)) as urls:
        present = None if urls is None else current_revision(urls.owner)
    pending = pending_revisions(present)
    if not as_json:
        _announce(pending, dry_run=dry_run)
    if not dry_run:
        _upgrade(settings)
    reached = pending[-1].revision if pending and not dry_run else present
    if as_json:
        migrations: list[JsonValue] = [
            {"revision": each.revision, "title": each.title} for each in pending
        ]
        print_json({"current": reached, "migrations": migrations, "dry_run": dry_run})
    elif not pending:
        typer.echo(f"The database is at revision {reached}, the newest.")
    elif not dry_run:
        typer.echo(f"The database is at revision {reached} now.")


def _announce(pending: "Sequence[PendingRevision]", *, dry_run: bool) -> None:
    verb = "would run" if dry_run else "running"
    for each in pending:
        typer.echo(f"{verb} {each.revision}: {each.title}")


@app.command()
def current(as_json: AsJson = False) -> None:
    """Show the revision that the database is at, and the newest."""
    from memsvc.bootstrap import data_dir_of
    from memsvc.cli.output import print_json
    from memsvc.store.inspection import current_revision, existing_database
    from memsvc.store.schema import head_revision

    settings = _settings()
    with existing_database(settings, data_dir_of(settings)) as urls:
        present = None if urls is None else current_revision(urls.owner)
    if as_json:
        print_json({"current": present, "newest": head_revision()})
    else:
        typer.echo(f"at {present or 'none'}, newest {head_revision()}")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the database with the tables that this version's code declares."""
    from memsvc.bootstrap import data_dir_of
    from memsvc.cli.failures import CommandError, ExitCode
    from memsvc.cli.output import print_json
    from memsvc.store import schema
    from memsvc.store.inspection import existing_database

    settings = _settings()
    with existing_database(settings, data_dir_of(settings)) as urls:
        if urls is None:
            raise CommandError(_NO_DATABASE)
        differences = schema.check(urls.owner)
    if as_json:
        print_json({"differences": [*differences]})
        raise typer.Exit(ExitCode.FAILED if differences else ExitCode.OK)
    if differences:
        raise CommandError("\n".join(differences))
    typer.echo("Database and code agree.")


@app.command("new-epoch")
def new_epoch(as_json: AsJson = False) -> None:
    """Make every index load afresh: after a restore that could not be told from no restore."""
    from memsvc.bootstrap import data_dir_of
    from memsvc.cli.failures import CommandError
    from memsvc.cli.output import print_json
    from memsvc.store import schema
    from memsvc.store.inspection import existing_database

    settings = _settings()
    with existing_database(settings, data_dir_of(settings)) as urls:
        if urls is None:
            raise CommandError(_NO_DATABASE)
        epoch = schema.begin_epoch(urls.owner)
    if as_json:
        print_json({"epoch": epoch})
    else:
        typer.echo(f"Epoch {epoch} has begun; indexes load afresh when they next catch up.")


def _settings() -> "Settings":
    from memsvc.cli.configuration import load_settings
    from memsvc.telemetry import configure_logging

    settings = load_settings()
    configure_logging("warning", settings.log_format)
    return settings


def _upgrade(settings: "Settings") -> None:
    from memsvc.bootstrap import data_dir_of
    from memsvc.store import schema
    from memsvc.store.database import configured_urls, prepare_embedded
    from memsvc.store.embedded.supervisor import EmbeddedPostgres

    if settings.database_url is not None:
        schema.upgrade(configured_urls(settings).owner)
        return
    with EmbeddedPostgres(data_dir_of(settings)) as server:
        prepare_embedded(server)
