"""Banks full of generated memories, and what they are asked."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from memsvc_client import Bank

from bench.filler import Filling, fill
from bench.loading import episodes_of, write_corpus
from bench.progress import progress
from bench.service import MeasuredService
from bench.texts import TextSource
from bench.vectors import VectorSource
from memsvc.cli.evaluation.corpora import Corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """Where memories come from."""

    texts: TextSource
    vectors: VectorSource | None
    """Stored past the API with these; ``None`` stores through the API, which embeds the texts."""


def make_banks(service: MeasuredService, purpose: str, count: int) -> list[Bank]:
    """Make so many banks."""
    banks: list[Bank] = []
    with progress("make banks", count) as advance:
        while len(banks) < count:
            banks.append(service.make_bank(purpose))
            advance(1)
    return banks


def prepare_vectors(service: MeasuredService, bank: Bank, count: int, seed: int) -> VectorSource:
    """Return vectors for ``count`` memories, of the model that the bank has."""
    model = service.client.get_bank(bank.reference).embedding_model
    return VectorSource.encode(count, model.dimension, seed)


def store(service: MeasuredService, banks: Sequence[Bank], per_bank: int, stock: Stock) -> float:
    """Store so many memories in each bank; return how many per second."""
    total = per_bank * len(banks)
    with progress("store memories", total) as advance:
        began = time.perf_counter()
        if stock.vectors is not None and service.own is not None:
            filling = Filling(
                banks=[str(bank.reference) for bank in banks],
                memories_per_bank=per_bank,
                texts=stock.texts,
                vectors=stock.vectors,
            )
            fill(filling, service.own.data_dir, advance)
        else:
            for bank in banks:
                corpus = Corpus(episodes=episodes_of(stock.texts.turns(per_bank)))
                write_corpus(bank, corpus, advance)
                service.client.wait_for_jobs(bank.reference, timeout_s=3600.0)
        return total / (time.perf_counter() - began)


def draw(banks: Sequence[Bank], questions: Sequence[str], seed: int) -> list[tuple[Bank, str]]:
    """Return which bank to ask what: banks by chance, each as often as any other."""
    order = list(banks) * (len(questions) // len(banks) + 1)
    random.Random(seed).shuffle(order)
    return list(zip(order, questions, strict=False))
