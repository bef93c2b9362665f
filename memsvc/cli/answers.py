"""How the answer to a recall looks on a terminal."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from memsvc_client import (
    Answerable,
    AskedOrder,
    AskedTime,
    Beside,
    Context,
    Elapsed,
    GrainReport,
    Hit,
    Memory,
    ModelCalls,
    Neighbour,
    Recall,
    StageReport,
    Unit,
)
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from memsvc.cli.output import console, moment, safe

_INDENT = 5
_SEEDS_SHOWN = 5


def show_recall(recall: Recall, *, explain: bool) -> None:
    """Print the hits, best first, and with ``explain`` how they were found."""
    out = console()
    if not recall.hits:
        out.print("Nothing was found.")
    for place, hit in enumerate(recall.hits, start=1):
        _print_hit(out, place, hit, explain=explain)
    for line in _of_all_hits(recall):
        out.print(line, style="bold")
    if recall.neighbours:
        out.print("linked to these:", style="bold")
    for neighbour in recall.neighbours:
        _print_neighbour(out, recall, neighbour)
    if recall.beside:
        out.print("said beside these:", style="bold")
    for each in recall.beside:
        _print_beside(out, recall, each)
    # Whether asked or not: an arm that failed makes the answer poorer, and must be seen.
    for line in _explanation(recall) if explain else _failures(recall):
        out.print(line, style="dim")


def _of_all_hits(recall: Recall) -> Iterator[str]:
    if recall.grain is not None:
        yield grain_line(recall.grain)
    if recall.elapsed is not None:
        yield elapsed_line(recall.elapsed)
    if recall.answerable is not None:
        yield answerable_line(recall.answerable)


def answerable_line(judged: Answerable) -> str:
    """Return in a line whether the question is answered."""
    if judged.probability is None:
        return f"Answerable: not judged. {judged.reason or ''}".rstrip()
    verdict = "yes" if judged.is_answerable else "no"
    said = " ".join(filter(None, (judged.statement, judged.note)))
    return f"Answerable: {verdict} ({judged.probability:.0%}). {safe(said)}".rstrip()


def elapsed_line(elapsed: Elapsed) -> str:
    """Return in a line how long ago something was, and by which memory."""
    told = moment(elapsed.since.start)
    by = "" if elapsed.since.written is None else f", “{safe(elapsed.since.written)}”"
    days = "1 day" if elapsed.days == 1 else f"{elapsed.days} days"
    return (
        f"Passed: {elapsed.duration} ({days}) since {told}{by}, by memory {elapsed.since.memory_id}"
    )


def grain_line(report: GrainReport) -> str:
    """Return in a line what a hit stands for, and why."""
    weights = (f"{grain} {each.weight:.2f}" for grain, each in report.weights.items())
    told = f", by weight ({', '.join(weights)})" if report.weights else ""
    return f"grain: {report.grain}{told}{f'. {report.reason}' if report.reason else ''}"


def _unit_line(unit: Unit) -> str:
    others = f", {len(unit.found) - 1} more of them found" if len(unit.found) > 1 else ""
    return (
        f"stands for positions {unit.first} to {unit.last}, {len(unit.memory_ids)} memories{others}"
    )


def _print_hit(out: Console, place: int, hit: Hit, *, explain: bool) -> None:
    memory = hit.memory
    origin = (moment(memory.occurred_at), memory.speaker, memory.kind, f"by {'+'.join(hit.arms)}")
    heading = Text.assemble(
        (f"{place:>3}  ", "bold"),
        (f"{hit.score:.3f}", "bold cyan"),
        (safe("  " + "  ".join(filter(None, origin))), "dim"),
    )
    out.print(heading)
    out.print(Padding(Text(safe(memory.text)), (0, 0, 0, _INDENT), expand=False))
    if hit.unit is not None:
        told = Text(_unit_line(hit.unit), style="cyan")
        out.print(Padding(told, (0, 0, 0, _INDENT), expand=False))
    if explain:
        for line in _provenance(hit):
            out.print(Padding(Text(safe(line), style="dim"), (0, 0, 0, _INDENT), expand=False))


def _print_neighbour(out: Console, recall: Recall, neighbour: Neighbour) -> None:
    via = neighbour.via
    told = f"{via.type} to {_place_of(recall, via.hit)}, {via.reason or 'no reason given'}"
    _print_other(out, told, neighbour.memory)


def _print_beside(out: Console, recall: Recall, beside: Beside) -> None:
    side = "before" if beside.offset < 0 else "after"
    _print_other(out, f"{abs(beside.offset)} {side} {_place_of(recall, beside.of)}", beside.memory)


def _place_of(recall: Recall, hit: UUID) -> int | str:
    places = (no for no, each in enumerate(recall.hits, start=1) if each.memory.id == hit)
    return next(places, "?")


def _print_other(out: Console, told: str, memory: Memory) -> None:
    """Print what is no hit, under how it came in."""
    origin = (moment(memory.occurred_at), memory.speaker, memory.kind)
    heading = Text.assemble(
        (" " * _INDENT, ""),
        (safe(told), "cyan"),
        (safe("  " + "  ".join(filter(None, origin))), "dim"),
    )
    out.print(heading)
    out.print(Padding(Text(safe(memory.text)), (0, 0, 0, _INDENT), expand=False))


def _provenance(hit: Hit) -> Iterator[str]:
    for arm, part in hit.parts.items():
        yield f"{arm}: rank {part.rank}, score {part.score:.3f}, adds {part.contribution:.3f}"
    for each in hit.asked:
        asked = f"{each.asked_as} {safe(each.text)!r}"
        yield f"{asked}: rank {each.rank}, adds {each.contribution:.3f}"
    if hit.relevance is not None:
        yield f"cross-encoder: relevance {hit.relevance:.3f}"
    if hit.hop is not None and hit.hop.path:
        yield "way: " + " → ".join(step.name for step in hit.hop.path)
    for reason, factor in hit.factors.items():
        yield f"{reason}: times {factor:g}"
    memory = hit.memory
    names = (
        ("id", str(memory.id)),
        ("source", memory.source),
        ("external id", memory.external_id),
    )
    yield ", ".join(f"{label} {name}" for label, name in names if name)


def _span(asked: AskedTime) -> str:
    since = "" if asked.start is None else f"from {moment(asked.start)} "
    until = "on" if asked.end is None else f"until {moment(asked.end)}"
    return f"{since}{until}"


def _order(asked: AskedOrder) -> str:
    event = "" if asked.event is None else f" ({asked.event})"
    at = asked.at
    told = "" if at is None else f": {moment(at.start)}, by memory {at.memory_id} ({asked.told_by})"
    return f"{asked.written}, {asked.order}{event}{told}"


def _failures(recall: Recall) -> Iterator[str]:
    for arm, report in recall.arms.items():
        if report.status == "failed":
            yield f"The {arm} arm failed: {report.reason or 'no reason given'}"
    yield from stage_failures(recall)


def stage_failures(answer: Recall | Context) -> Iterator[str]:
    """Yield what optional stages that were asked for could not do."""
    stages: tuple[tuple[str, StageReport | None], ...] = (
        ("Rewriting", answer.rewrite),
        ("Iterating", answer.iterate),
        ("Reranking", answer.rerank),
        ("Sifting", answer.sift),
    )
    for name, report in stages:
        if report is not None and report.status != "ok":
            yield f"{name} was {report.status}: {report.reason or 'no reason given'}"


def model_calls_line(made: ModelCalls) -> str:
    """Return in a line what the calls of models that an answer took have come to."""
    cost = "cost unknown" if made.cost_usd is None else f"{made.cost_usd:.4f} USD"
    tokens = made.input_tokens + made.output_tokens
    return f"models: {made.calls} calls ({', '.join(made.by_purpose)}), {tokens} tokens, {cost}"


def _further(recall: Recall) -> Iterator[str]:
    if recall.rewrite is not None:
        for text in recall.rewrite.queries:
            yield f"also asked: {safe(text)}"
        for text in recall.rewrite.clues:
            yield f"clue: {safe(text)}"
    if recall.iterate is not None:
        for number, done in enumerate(recall.iterate.rounds, start=1):
            told = "helped" if done.helped else "added nothing"
            yield f"round {number}: {safe(done.query)}: {len(done.read)} read, {told}"
        yield f"search ended: {recall.iterate.stop}, {recall.iterate.tokens} tokens"
    if recall.sift is not None:
        yield f"sifted: {len(recall.sift.left_out)} of {recall.sift.read} hits left out"


def _explanation(recall: Recall) -> Iterator[str]:
    for arm, report in recall.arms.items():
        told = f"{report.status}, {report.candidates} candidates, {report.took_ms:.1f} ms"
        yield f"{arm} arm: {told}{f', {report.reason}' if report.reason else ''}"
    if recall.walk is not None:
        seeds = [each.entity or str(each.memory_id) for each in recall.walk.seeds[:_SEEDS_SHOWN]]
        yield f"walk: {recall.walk.mode}, from {', '.join(seeds) or 'nothing'}"
        for fact in recall.walk.facts:
            kept = "kept" if fact.kept else "left out"
            triple = f"{fact.subject} {fact.predicate} {fact.object}"
            yield f"fact: {triple}, {fact.similarity:.3f}, {kept}"
    for asked in recall.times:
        yield f"asked about: {asked.written}, {_span(asked)}, by the {asked.granularity}"
    if recall.order is not None:
        yield f"asked about: {_order(recall.order)}"
    yield from _further(recall)
    steps = recall.took_ms.model_dump(exclude_none=True)
    yield "time: " + ", ".join(f"{step} {took:.1f} ms" for step, took in steps.items())
    if recall.index is not None:
        yield f"index: {recall.index.backend}"
    budget = "" if recall.budget_tokens is None else f" of {recall.budget_tokens}"
    beside = f" and {len(recall.neighbours)} linked to them" if recall.neighbours else ""
    if recall.model_calls.calls:
        yield model_calls_line(recall.model_calls)
    yield f"kept: {len(recall.hits)} memories{beside}, {recall.total_tokens}{budget} tokens"
    for reason, number in Counter(each.reason for each in recall.dropped or ()).most_common():
        yield f"dropped: {number} memories, {reason}"
