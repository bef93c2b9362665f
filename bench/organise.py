"""``python -m bench organise``: what organising the conversations of a set finds, and how fast."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from bench.options import OutOption, SetsOption
from bench.organising import SetOrganised, organise_set
from bench.progress import console
from bench.results import describe_run, write_results
from bench.scripted_model import running_model
from bench.service import ServiceOptions, measured_service
from memsvc.cli.evaluation.sets import read_set

SetOption = Annotated[
    Path,
    typer.Option("--set", exists=True, file_okay=False, help="Folder of a set of conversations."),
]
UNHURRIED = {"MEMSVC_ORGANISE__WORKING_SHARE": "1.0"}
"""Nobody else asks anything meanwhile."""


def organise(
    *,
    data: SetsOption,
    out: OutOption,
    model: Annotated[
        str, typer.Option(metavar="rules|scripted", help="Who looks at the windows.")
    ] = "rules",
) -> None:
    """Write each conversation into a bank and consolidate it; tell what came of it, and when."""
    if model not in {"rules", "scripted"}:
        raise typer.BadParameter(f"{model!r}: give rules or scripted.", param_hint="--model")
    loaded = [read_set(each) for each in data]
    with ExitStack() as stack:
        environment, scripted = dict(UNHURRIED), None
        if model == "scripted":
            scripted = stack.enter_context(running_model())
            environment |= scripted.environment()
        service = stack.enter_context(measured_service(ServiceOptions(environment=environment)))
        described = service.describe()
        sets: dict[str, dict[str, object]] = {}
        received = [] if scripted is None else scripted.calls
        for each in loaded:
            before = len(received)
            organised = organise_set(service, each)
            calls = len(received) - before
            sets[each.name] = {**organised, "model_calls": calls}
            _tell(organised, calls)
    settings = describe_run(command="organise", model=model, service=described)
    write_results(out, {"sets": sets, "settings": settings})


def _tell(organised: SetOrganised, calls: int) -> None:
    console.print(
        f"{organised['memories']} memories in {organised['banks']} banks, {calls} calls of a model"
    )
    for name, stage in organised["stages"].items():
        counted = ", ".join(f"{count} {what}" for what, count in stage["counts"].items())
        console.print(f"{name}: {stage['seconds']} s, {stage['per_s']} memories/s; {counted}")
