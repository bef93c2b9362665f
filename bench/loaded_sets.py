"""Sets in fresh banks, and their questions, some at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from memsvc_client import Bank

from bench.loading import write_corpus
from bench.progress import progress
from bench.service import MeasuredService
from memsvc.cli.evaluation.corpora import count_memories
from memsvc.cli.evaluation.sets import EvaluationSet, Question

_JOBS_LIMIT_S = 6 * 3600.0
_Result = TypeVar("_Result")


def load_set(evaluation_set: EvaluationSet, service: MeasuredService) -> dict[str, Bank]:
    """Return a bank for each corpus of the set, once everything is stored and no job is open."""
    name, corpora = evaluation_set.name, evaluation_set.corpora
    banks = {corpus: service.make_bank(f"{name}-{corpus}") for corpus in corpora}
    total = sum(count_memories(corpus) for corpus in corpora.values())
    with progress(f"{name}: load", total) as advance:
        for corpus, bank in banks.items():
            write_corpus(bank, corpora[corpus], advance)
    for bank in banks.values():
        service.client.wait_for_jobs(bank.reference, timeout_s=_JOBS_LIMIT_S)
    return banks


def ask_each(
    name: str, questions: Sequence[Question], ask: Callable[[Question], _Result], workers: int
) -> list[_Result]:
    """Return what ``ask`` makes of each question, so many at a time, in their order."""
    with progress(f"{name}: ask", len(questions)) as advance, ThreadPoolExecutor(workers) as pool:

        def asked(question: Question) -> _Result:
            result = ask(question)
            advance(1)
            return result

        return list(pool.map(asked, questions))
