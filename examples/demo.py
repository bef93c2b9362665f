"""Remember a conversation of seven months, ask about it, and show where every answer comes from.

``make demo`` starts a service and runs this against it. By hand, against a running service::

    python examples/demo.py --url http://127.0.0.1:8700 --keep

Nothing is configured and no language model takes part: each answer is the memories that the
question brings back, with the score that each arm of the search gave them.
"""

import argparse
import io
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from memsvc_client import (
    Bank,
    Client,
    Episode,
    Filter,
    Hit,
    MemsvcError,
    Recall,
    ScorePart,
    ServiceUnreachableError,
    WriteStatus,
)
from pydantic import BaseModel
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

CONVERSATION = Path(__file__).with_name("conversation.json")

TOP_K = 10
"""How many hits a question asks for; evidence counts as found among these."""
SHOWN = 3
"""How many of them are always printed; further down, only evidence is."""

ARMS = {"dense": ("█", "cyan"), "lexical": ("▒", "magenta")}
"""The arms of the search: how each looks in a score's bar."""
BAR_CELLS = 20
INDENT = 6
MAX_WIDTH = 100


# --- what is remembered, asked and answered ------------------------------------------------------


class Question(BaseModel, frozen=True):
    """A question, and the turns (by ``external_id``) that answer it."""

    question: str
    evidence: tuple[str, ...]
    demo: bool
    note: str


class BankFields(BaseModel, frozen=True):
    """The bank to remember in; its metadata say who made it."""

    name: str
    description: str
    language: str
    metadata: dict[str, str]


class Conversation(BaseModel, frozen=True):
    """The example file."""

    bank: BankFields
    episodes: tuple[Episode, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A question and what came back."""

    question: Question
    recall: Recall
    round_trip_ms: float

    def is_evidence(self, hit: Hit) -> bool:
        """Tell whether ``hit`` is one of the turns that answer the question."""
        return hit.memory.external_id in self.question.evidence

    @property
    def places(self) -> list[int]:
        """Where the evidence stands among the hits, from 1."""
        numbered = enumerate(self.recall.hits, start=1)
        return [place for place, hit in numbered if self.is_evidence(hit)]

    @property
    def is_complete(self) -> bool:
        """Whether all of the evidence came back."""
        return len(self.places) == len(self.question.evidence)


# --- the steps -----------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; where the service cannot be used, exit with a sentence that says why."""
    options = parse(arguments)
    try:
        with connect(options.url) as client:
            run(client, make_console(), keep=options.keep)
    except ServiceUnreachableError as error:
        sys.exit(
            f"{error}\nStart it with `make serve` in another terminal, or name its address with "
            "--url; `make demo` starts one by itself."
        )
    except MemsvcError as error:
        sys.exit(f"The service could not do what the demo asked for: {error}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", help="address of the service, else MEMSVC_URL or this machine")
    parser.add_argument("--keep", action="store_true", help="leave the bank for the next run")
    return parser.parse_args(arguments)


def connect(url: str | None) -> Client:
    """Return a client of the service at ``url``, or where the environment says that it is."""
    return Client.from_env() if url is None else Client(url)


def make_console() -> Console:
    """Return a console no wider than reads well."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Where the output's encoding has no Chinese, the rest is still worth reading.
        sys.stdout.reconfigure(errors="replace")
    return Console(width=min(Console().width, MAX_WIDTH), markup=False, highlight=False)


def run(client: Client, console: Console, *, keep: bool) -> None:
    """Remember, ask, sum up, and clean up."""
    conversation = Conversation.model_validate_json(CONVERSATION.read_text(encoding="utf-8"))
    bank = open_bank(client, conversation.bank)
    remember(client, bank, conversation, console)

    asked = [question for question in conversation.questions if question.demo]
    console.print(f"\nAsking {len(asked)} questions, {TOP_K} memories each.", style="bold")
    print_legend(console)
    outcomes = [ask(bank, question) for question in asked]
    for number, outcome in enumerate(outcomes, start=1):
        print_outcome(console, number, outcome)

    show_filter(bank, console)
    show_explanation(bank, console)
    print_summary(console, outcomes)
    leave(client, conversation.bank.name, console, keep=keep)


def open_bank(client: Client, wanted: BankFields) -> Bank:
    """Create the demo's bank, or take the one of an earlier run."""
    info = client.create_bank(
        wanted.name,
        exist_ok=True,
        description=wanted.description,
        language=wanted.language,
        metadata=wanted.metadata,
    )
    if info.metadata != wanted.metadata:
        sys.exit(f"The service has a bank {wanted.name} that this demo did not make; left alone.")
    return client.bank(wanted.name)


def remember(client: Client, bank: Bank, conversation: Conversation, console: Console) -> None:
    """Store every session and wait for the background work it causes."""
    episodes = conversation.episodes
    console.print(Rule("memsvc: a conversation of seven months", style="bold"))
    started = perf_counter()
    with console.status("remembering"):
        batch = bank.add_episodes(episodes)
    stored_s = perf_counter() - started
    with console.status("waiting for background jobs"):
        waited_s = client.wait_for_jobs(bank=conversation.bank.name)

    written = Counter(memory.status for result in batch.results for memory in result.memories)
    statuses = ", ".join(f"{written[status]} {status}" for status in WriteStatus)
    console.print(f"{written.total()} turns in {len(episodes)} sessions: {statuses}.")
    console.print(f"Stored in {stored_s:.1f} s, background jobs done {waited_s:.1f} s later.")


def ask(bank: Bank, question: Question) -> Outcome:
    """Ask ``question`` and time the whole way there and back."""
    started = perf_counter()
    recall = bank.recall(question.question, k=TOP_K)
    elapsed_ms = (perf_counter() - started) * 1000
    return Outcome(question=question, recall=recall, round_trip_ms=elapsed_ms)


def leave(client: Client, bank: str, console: Console, *, keep: bool) -> None:
    """Delete the bank unless the next run shall find it."""
    if keep:
        console.print(f"The bank {bank} stays; the next run finds every turn unchanged.")
        return
    client.delete_bank(bank)
    console.print(f"The bank {bank} is deleted; --keep would leave it for the next run.")


# --- how an answer looks -------------------------------------------------------------------------


def print_legend(console: Console) -> None:
    """Explain, once, how to read a hit."""
    bars = "  ".join(f"[{style}]{glyph} {arm}[/]" for arm, (glyph, style) in ARMS.items())
    legend = (
        "Two arms search at the same time: [cyan]dense[/] compares meaning, by the cosine of two "
        "vectors; [magenta]lexical[/] compares words, by BM25. What a memory's rank in each adds "
        f"makes its score, from 0 to 1; the bar shows whose share is whose: {bars}. "
        "[bold green]✓[/] marks a turn that holds the answer or a part of it."
    )
    print_wrapped(console, Text.from_markup(legend), indent=0)


def print_outcome(console: Console, number: int, outcome: Outcome) -> None:
    """Print a question, its best hits, its evidence further down, and how it went."""
    question = outcome.question
    print_heading(console, f"question {number}", question.question, question.note)
    print_columns(console)
    last_printed = 0
    for place, hit in enumerate(outcome.recall.hits, start=1):
        if place > SHOWN and not outcome.is_evidence(hit):
            continue
        if place > last_printed + 1:
            console.print(Text(" " * INDENT + "…", style="dim"))
        print_hit(console, place, hit, is_evidence=outcome.is_evidence(hit))
        last_printed = place
    print_verdict(console, outcome)


def print_heading(console: Console, title: str, query: str, note: str) -> None:
    """Print what is asked, under a rule."""
    console.print()
    console.print(Rule(title, align="left", style="dim"))
    print_wrapped(console, Text(query, style="bold"), indent=0)
    print_wrapped(console, Text(note, style="dim"), indent=0)
    console.print()


def print_columns(console: Console) -> None:
    """Print the heads of the columns that ``figures`` fills."""
    names, units = f"{'':{INDENT}}{'score':<{7 + BAR_CELLS}}", " " * (INDENT + 7 + BAR_CELLS)
    for arm in ARMS:
        names += f"{arm:>22}"
        units += f"{'rank':>6}{'score':>8}{'adds':>8}"
    console.print(f"{names}\n{units}", style="dim")


def print_hit(console: Console, place: int, hit: Hit, *, is_evidence: bool) -> None:
    """Print a hit: its figures, where it comes from, what was said."""
    mark = ("✓ " if is_evidence else "  ", "bold green")
    console.print(Text.assemble(mark, (f"{place:>2}  ", "bold"), figures(hit)))
    memory = hit.memory
    origin = Text.assemble(
        f"{memory.occurred_at:%a %d %b %Y %H:%M %Z}  ",
        (memory.speaker or "", "bold"),
        (f"  found by {' and '.join(hit.arms)}", "dim"),
    )
    print_wrapped(console, origin)
    print_wrapped(console, Text(memory.text, style="green" if is_evidence else ""))


def figures(hit: Hit) -> Text:
    """Return the score, its bar, and every arm's part in it."""
    line = Text.assemble((f"{hit.score:.3f}", "bold"), "  ", score_bar(hit))
    for arm, (_, style) in ARMS.items():
        line.append(part_figures(hit.parts.get(arm)), style=style)
    return line


def score_bar(hit: Hit) -> Text:
    """Return a bar whose full length is a score of 1, divided by what each arm added."""
    bar, reached = Text(), 0.0
    for arm, (glyph, style) in ARMS.items():
        reached += hit.parts[arm].contribution if arm in hit.parts else 0.0
        bar.append(glyph * (round(reached * BAR_CELLS) - len(bar)), style=style)
    bar.append("·" * (BAR_CELLS - len(bar)), style="dim")
    return bar


def part_figures(part: ScorePart | None) -> str:
    """Return rank, score and contribution of one arm in columns; dashes where it found nothing."""
    if part is None:
        return f"{'-':>6}{'-':>8}{'-':>8}"
    return f"{part.rank:>6}{part.score:>8.3f}{part.contribution:>8.3f}"


def print_verdict(console: Console, outcome: Outcome) -> None:
    """Say how much of the evidence came back, where, and how fast."""
    where = f", at {' and '.join(map(str, outcome.places))}" if outcome.places else ""
    console.print(
        f"Evidence: {len(outcome.places)} of {len(outcome.question.evidence)}{where}. "
        f"{outcome.recall.took_ms.total:.1f} ms in the service, "
        f"{outcome.round_trip_ms:.1f} ms round trip.",
        style=verdict_style(outcome),
    )


def verdict_style(outcome: Outcome) -> str:
    """Return the colour that tells whether all of the evidence came back."""
    return "green" if outcome.is_complete else "yellow"


def print_wrapped(console: Console, text: Text, *, indent: int = INDENT) -> None:
    """Print ``text`` in lines of the console's width, every one indented."""
    for line in text.wrap(console, console.width - indent):
        line.rstrip()
        console.print(Text(" " * indent) + line)


# --- filters, explanation, summary ---------------------------------------------------------------


def show_filter(bank: Bank, console: Console) -> None:
    """Ask one question of a part of the conversation alone."""
    query = "What did the vet say about the dog?"
    since = datetime(2026, 7, 1, tzinfo=UTC)
    recall = bank.recall(query, k=SHOWN, filter=Filter(speakers=["Noor"], occurred_after=since))
    note = f"Only what Noor said since {since:%d %B %Y}."
    print_heading(console, "with a filter", query, note)
    print_columns(console)
    for place, hit in enumerate(recall.hits, start=1):
        print_hit(console, place, hit, is_evidence=False)


def show_explanation(bank: Bank, console: Console) -> None:
    """Ask one question within a token budget and have the service explain its choice."""
    query, budget = "What happened to Lian's workshop?", 120
    recall = bank.recall(query, k=TOP_K, budget_tokens=budget, explain=True)
    print_heading(console, "explained", query, f"At most {budget} tokens of memories.")
    for label, said in explanation(recall):
        console.print(f"{label:<13}{said}")


def explanation(recall: Recall) -> Iterator[tuple[str, str]]:
    """Yield what a recall tells about itself, with a label each."""
    for arm, report in recall.arms.items():
        told = f"{report.status}, {report.candidates} candidates, {report.took_ms:.1f} ms"
        yield f"{arm} arm", f"{told} {report.reason or ''}".rstrip()
    steps = recall.took_ms.model_dump(exclude_none=True)
    yield "time", ", ".join(f"{step} {took:.1f} ms" for step, took in steps.items())
    if recall.index is not None:
        yield "index", recall.index.backend or "unknown"
    yield "kept", f"{len(recall.hits)} memories of {recall.total_tokens} tokens"
    reasons = Counter(dropped.reason for dropped in recall.dropped or ())
    for reason, count in reasons.most_common():
        yield "dropped", f"{count} memories: {reason}"


def print_summary(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Print every question in a line, then the totals."""
    console.print()
    console.print(Rule("summary", style="bold"))
    for outcome in outcomes:
        line = Text(outcome.question.question)
        line.truncate(console.width - 20, overflow="ellipsis", pad=True)
        line.append(f"{len(outcome.places)} of {len(outcome.question.evidence)}".rjust(8))
        line.append(f"{outcome.round_trip_ms:.1f} ms".rjust(12))
        console.print(line, style=verdict_style(outcome))
    print_totals(console, outcomes)


def print_totals(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Say how many questions found their evidence, and how long a recall takes."""
    some = sum(bool(outcome.places) for outcome in outcomes)
    complete = sum(outcome.is_complete for outcome in outcomes)
    served = [outcome.recall.took_ms.total for outcome in outcomes]
    round_trips = [outcome.round_trip_ms for outcome in outcomes]
    console.print(
        f"\nEvidence in the top {TOP_K}: all of it for {complete} of {len(outcomes)} questions, "
        f"at least some for {some}.",
        style="bold",
    )
    console.print(
        f"A recall took {median(served):.1f} ms in the service (slowest {max(served):.1f}), "
        f"{median(round_trips):.1f} ms round trip."
    )


if __name__ == "__main__":
    main()
