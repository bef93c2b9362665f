"""How consolidating looks on a terminal: its progress, and what came of it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from memsvc_client import AsyncClient, BankNotes, ConsolidationPlan, Job
from pydantic import JsonValue
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from memsvc.cli.failures import CommandError
from memsvc.cli.output import moment, note, notes, print_fields, print_json, print_table
from memsvc.cli.progress import telling_if_stopped

_POLL_S = 0.25
_NAMES = {
    "annotated": "notes made",
    "linked": "links made",
    "unlinked": "links replaced",
    "evolved": "older notes evolved",
    "compared": "memories compared",
    "merged": "duplicates merged",
    "read": "texts read",
    "facts": "facts found",
    "superseded": "facts superseded",
    "reinstated": "facts that hold again",
    "entities": "names found",
    "entities_compared": "names compared",
    "entities_merged": "names of one entity merged",
    "for_review": "pairs to review",
    "summaries_made": "summaries made",
    "summaries_renewed": "summaries renewed",
    "summaries_retired": "summaries retired",
    "day_summaries_made": "summaries of days made",
    "day_summaries_renewed": "summaries of days renewed",
    "day_summaries_retired": "summaries of days retired",
    "all_summaries_made": "summaries of all sessions made",
    "all_summaries_renewed": "summaries of all sessions renewed",
    "all_summaries_retired": "summaries of all sessions retired",
    "thoughts_made": "thoughts made",
    "thoughts_confirmed": "thoughts confirmed",
    "thoughts_dropped": "thoughts of different users dropped",
    "thoughts_forgotten": "thoughts forgotten",
    "thoughts_retired": "thoughts without a source archived",
    "thoughts_restored": "thoughts that hold again",
    "thoughts_merged": "thoughts merged",
    "thoughts_parted": "merged thoughts of different entities parted",
    "summaries_by_rules": "summaries by rules, as the model's were no use",
    "day_summaries_by_rules": "summaries of days by rules",
    "all_summaries_by_rules": "summaries of all sessions by rules",
    "portraits_by_rules": "portraits by rules",
    "portraits_made": "portraits made",
    "portraits_renewed": "portraits renewed",
    "portraits_retired": "portraits retired",
    "windows": "windows looked at",
    "views": "annotated texts embedded",
    "set_aside": "set aside",
    "rejected": "parts of answers rejected",
}

_WORK = (
    ("annotated", "making notes"),
    ("compared", "looking for duplicates"),
    ("facts", "reading facts"),
    ("entities", "reading names"),
    ("entities_compared", "comparing names"),
    ("thoughts_made", "thinking"),
    ("summaries_made", "summarising"),
    ("portraits_made", "portraying"),
)
"""The first count that each stage adds to, in their order, and what it does then."""


def work_of(counts: Mapping[str, int], before: Mapping[str, int]) -> str | None:
    """Return what a job was at when it last counted anything, ``None`` if it did not."""
    grown = {name for name, number in counts.items() if number > before.get(name, 0)}
    return next((what for name, what in reversed(_WORK) if name in grown), None)


class JobProgress:
    """A bar while a job runs, on standard error; without a terminal a line now and then."""

    def __init__(self, *, shown: bool) -> None:
        console = notes()
        self._began = time.monotonic()
        self._is_shown = shown
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._bar.add_task("waiting for a worker", total=None)
        self._told, self._work = "", "working"
        self._counts: Mapping[str, int] | None = None

    @property
    def took_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began

    def __enter__(self) -> Self:
        """Show it."""
        self._bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        """Take it away."""
        self._bar.stop()

    def show(self, job: Job) -> None:
        """Show how far the job is."""
        if job.progress is None:
            return
        done, total = job.progress.done, job.progress.total
        if self._counts is not None:
            self._work = work_of(job.counts, self._counts) or self._work
        self._counts = dict(job.counts)
        self._bar.update(self._task, description=self._work, completed=done, total=total)
        told = f"{job.state}, {self._work}: {done} of {total}"
        if self._is_shown and self._bar.disable and told != self._told:
            self._told = told
            note(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consolidated:
    """A job as it ended, or was left, and what this command has seen it do."""

    job: Job
    before: Mapping[str, int]
    """What the job had done when the command began."""
    took_s: float
    plan: ConsolidationPlan

    @property
    def done(self) -> Mapping[str, int]:
        """What was done since the command began."""
        counts = self.job.counts
        return {name: number - self.before.get(name, 0) for name, number in counts.items()}

    @property
    def notes_per_s(self) -> float:
        """Notes made in a second, waiting included."""
        return self.done.get("annotated", 0) / self.took_s if self.took_s else 0.0

    def to_json(self) -> JsonValue:
        """Return it for programs."""
        return {
            "job": self.job.model_dump(mode="json"),
            "done": dict(self.done),
            "took_s": round(self.took_s, 3),
            "notes_per_s": round(self.notes_per_s, 2),
            "bank": self.plan.notes.model_dump(mode="json"),
        }


async def watched(client: AsyncClient, name: str, job: Job, *, wait: bool) -> Consolidated:
    """Return what a job has done when it ends, or as it stands if nobody waits for it."""
    before = dict(job.counts)
    with JobProgress(shown=wait) as progress, telling_if_stopped(job):
        while wait and job.is_open and job.state != "waiting_provider":
            progress.show(job)
            await asyncio.sleep(_POLL_S)
            job = await client.get_job(job.id)
        progress.show(job)
    plan = await client.bank(name).consolidation()
    return Consolidated(job=job, before=before, took_s=progress.took_s, plan=plan)


def show_outcome(done: Consolidated, *, as_json: bool, wait: bool) -> None:
    """Print what was done; raise ``CommandError`` if it was waited for and did not end well."""
    if as_json:
        print_json(done.to_json())
    else:
        show_consolidated(done)
    if wait:
        raise_unless_done(done.job)


def raise_unless_done(job: Job) -> None:
    """Raise ``CommandError`` for a job that has ended otherwise than well, or waits."""
    if job.state != "succeeded":
        why = job.reason or "no reason given"
        raise CommandError(
            f"The job {job.id} is {job.state}: {why} Run the command again to go on."
        )


def show_plan(plan: ConsolidationPlan, stages: Sequence[str] | None) -> None:
    """Print what there is to do; raises ``CommandError`` for a stage that there is none of."""
    known = [each.name for each in plan.stages]
    unknown = sorted(set(stages or ()) - set(known))
    if unknown:
        raise CommandError(f"There is no stage {unknown[0]!r}; there are: {', '.join(known)}.")
    print_table(
        ("stage", "to do", "by itself"),
        (
            (each.name, str(each.todo), "yes" if each.by_itself else "no")
            for each in plan.stages
            if not stages or each.name in stages
        ),
    )
    _show_bank(plan)
    if plan.job is not None:
        note(f"The job {plan.job.id} is at it ({plan.job.state}).")


def show_consolidated(result: Consolidated) -> None:
    """Print what was done, at which rate, and how the bank is now."""
    if result.job.is_open:
        note(f"The job {result.job.id} is {result.job.state}; `memsvc jobs show` says how far.")
    done = [(name, number) for name, number in result.done.items() if number]
    if done:
        print_table(
            ("done", "number"), ((_NAMES.get(name, name), str(number)) for name, number in done)
        )
        made = result.done.get("annotated", 0)
        if made:
            links, evolved = (result.done.get(each, 0) / made for each in ("linked", "evolved"))
            print_fields(
                (
                    ("notes a second", f"{result.notes_per_s:.1f}"),
                    ("links a note", f"{links:.2f}"),
                    ("evolutions a note", f"{evolved:.2f}"),
                )
            )
    elif not result.job.is_open:
        note("There was nothing to do.")
    _show_bank(result.plan)


def _show_bank(plan: ConsolidationPlan) -> None:
    told = plan.notes
    print_fields(
        (
            ("notes in the bank", str(told.annotated)),
            ("links", str(told.links)),
            ("waiting", _waiting(told)),
            ("set aside", str(told.set_aside)),
        )
    )
    if told.unembedded:
        note(f"{told.unembedded} of those waiting have no vector yet; they follow once they do.")
    if told.set_aside:
        note("See `memsvc jobs list --state needs_review` for why; --retry tries them again.")


def _waiting(told: BankNotes) -> str:
    since = moment(told.waiting_since)
    return f"{told.waiting}" if since is None else f"{told.waiting}, the oldest since {since}"
