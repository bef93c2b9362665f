"""Facts that another tool has read from a set's passages, given to the bank before it is asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from memsvc_client import Bank

from bench.errors import BenchError
from memsvc.cli.evaluation.sets import EvaluationSet
from memsvc.cli.given_files import GivenBatch, read_given

_ORIGIN = "openie"


class GivenFigures(TypedDict):
    """What was given, for whoever reads the results."""

    file: str
    memories: int
    facts: int
    entities: int
    skipped: int
    """Triples that are none, and names without a letter or digit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Openie:
    """A file of triples for one corpus."""

    batches: Sequence[GivenBatch]
    figures: GivenFigures

    def __len__(self) -> int:
        return sum(len(batch) for batch in self.batches)

    def give(self, bank: Bank, on_given: Callable[[int], None]) -> None:
        """Give all of it; ``on_given`` hears how many facts and entities each call has added."""
        for batch in self.batches:
            bank.give_facts(batch.facts, entities=batch.entities, origin=_ORIGIN)
            on_given(len(batch))


def read_openie(path: Path, sets: Sequence[EvaluationSet]) -> Openie:
    """Return the triples of a file; raises ``BenchError`` unless they are for the only set."""
    if len(sets) != 1 or len(sets[0].corpora) != 1:
        raise BenchError("--openie takes one set of passages: triples name them by their ids.")
    [corpus] = sets[0].corpora.values()
    batches, contents = read_given(path, None)
    known = {each.external_id for each in corpus.passages}
    named = {each.external_id for batch in batches for each in (*batch.facts, *batch.entities)}
    if named - known:
        unknown = min(map(str, named - known))
        raise BenchError(f"{path.name} has triples of {unknown!r}, no passage of the set.")
    figures = GivenFigures(
        file=path.name,
        memories=contents.sources,
        facts=contents.facts,
        entities=contents.entities,
        skipped=contents.skipped,
    )
    return Openie(batches=batches, figures=figures)
