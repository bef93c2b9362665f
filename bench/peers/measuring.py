"""The same work for every system: store, search, and find what a set's questions need."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.metrics import Judged, recall_figures
from bench.peers.orders import (
    MESSAGES_PER_CALL,
    Costs,
    Item,
    K,
    Material,
    PeerOrders,
    PeerRow,
    PeerSystem,
)
from memsvc.cli.evaluation.sets import ANSWERABLE, EvaluationSet, Question, read_set

_SCOPE = "speed"
_UNTIMED = 10

Clock = Callable[[], float]


def measure_peer(name: str, system: PeerSystem, orders: PeerOrders, cpu: Clock) -> PeerRow:
    """Return the row of a system; ``cpu`` tells its processor seconds, database included."""
    material = Material.read(Path(orders.folder))
    items = [
        Item(text=turn.text, speaker=turn.speaker, id=str(number))
        for number, turn in enumerate(material.turns)
    ]
    later, first = items[: orders.encoded], items[orders.encoded :]
    questions = material.questions
    known = dict(zip((each.text for each in items), material.vectors, strict=True))
    known |= dict(zip(questions, material.question_vectors, strict=True))

    system.precomputed(known)
    added, adds = _add(system, first, orders.add_budget_s, cpu)
    searches = _search(system, questions, cpu)
    system.precomputed(None)
    _, encoded_adds = _add(system, later, float("inf"), cpu)
    encoded_searches = _search(system, questions[: orders.encoded], cpu)
    return PeerRow(
        name=name,
        memories=added,
        adds_per_s=adds[0],
        searches_per_s=searches[0],
        cpu_ms={"add": adds[1], "search": searches[1]},
        with_encoder=Costs(
            adds_per_s=encoded_adds[0],
            searches_per_s=encoded_searches[0],
            add_cpu_ms=encoded_adds[1],
            search_cpu_ms=encoded_searches[1],
        ),
        recall_at_10=None if orders.data is None else _recall_at_10(system, Path(orders.data)),
        facts=dict(system.facts()),
    )


def _add(
    system: PeerSystem, items: Sequence[Item], budget_s: float, cpu: Clock
) -> tuple[int, tuple[float, float]]:
    """Store items until the budget is spent; return how many, per second, and each one's cost."""
    began, spent = time.perf_counter(), cpu()
    added = 0
    while added < len(items) and time.perf_counter() - began < budget_s:
        few = items[added : added + MESSAGES_PER_CALL]
        system.add(_SCOPE, few)
        added += len(few)
    seconds = time.perf_counter() - began
    return added, (added / seconds, (cpu() - spent) / max(1, added) * 1000)


def _search(system: PeerSystem, questions: Sequence[str], cpu: Clock) -> tuple[float, float]:
    for question in questions[:_UNTIMED]:
        system.search(_SCOPE, question)
    began, spent = time.perf_counter(), cpu()
    for question in questions:
        system.search(_SCOPE, question)
    seconds = time.perf_counter() - began
    return len(questions) / seconds, (cpu() - spent) / len(questions) * 1000


def _recall_at_10(system: PeerSystem, folder: Path) -> float | None:
    """Store each conversation by itself, ask what can be answered; turns are what is counted."""
    evaluation = read_set(folder)
    for name, corpus in evaluation.corpora.items():
        for episode in corpus.episodes:
            items = [
                Item(text=each.text, speaker=each.speaker, id=each.external_id or "")
                for each in episode.messages or ()
            ]
            system.add(name, items)
    judged = [
        Judged(gold=each.gold, found=system.search(each.corpus, each.text), categories=())
        for each in _answerable(evaluation)
    ]
    return recall_figures(judged, [K])["recall"][str(K)]


def _answerable(evaluation: EvaluationSet) -> list[Question]:
    has_kinds = any(ANSWERABLE in each.categories for each in evaluation.questions)
    return [
        each
        for each in evaluation.questions
        if each.gold and (ANSWERABLE in each.categories or not has_kinds)
    ]
