"""`memsvc doctor`: what is wrong, and what to do about it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson

if TYPE_CHECKING:
    from memsvc.cli.diagnosis import Finding


def doctor(
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", help="Ask this running service instead."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check database, extension, roles, model and index; exit code 1 if something is wrong.

    Nothing is created, migrated or installed.
    """
    from dataclasses import asdict

    from memsvc.cli.configuration import load_settings
    from memsvc.cli.diagnosis import Status, examine_installation, examine_service
    from memsvc.cli.failures import ExitCode
    from memsvc.cli.output import print_json
    from memsvc.telemetry import configure_logging

    settings = load_settings()
    configure_logging("error", settings.log_format)
    if url is None:
        findings = list(examine_installation(settings))
    else:
        key = settings.api_key
        findings = examine_service(url, None if key is None else key.get_secret_value())
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _show(findings)
    if any(finding.status is Status.FAILED for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _show(findings: "Sequence[Finding]") -> None:
    from rich.text import Text

    from memsvc.cli.diagnosis import Status
    from memsvc.cli.output import print_table

    marks = {
        Status.OK: Text("✓", "green"),
        Status.FAILED: Text("✗", "bold red"),
        Status.SKIPPED: Text("·", "dim"),
    }
    print_table(
        ("", "area", "check", "found"),
        (
            (marks[finding.status], finding.area, finding.check, finding.detail)
            for finding in findings
        ),
    )
