"""``python -m bench ingest``: how fast turns are stored, against the encoder's own rate."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, TypedDict

import typer

from bench.loading import episodes_of, write_corpus
from bench.options import (
    ApiKeyOption,
    KeepOption,
    OutOption,
    SeedOption,
    UrlOption,
    refuse_useless_keep,
)
from bench.progress import console, progress
from bench.results import describe_run, write_results
from bench.service import MeasuredService, ServiceOptions, measured_service
from bench.texts import GeneratedTurn, TextSource, installed_models, read_vocabulary
from memsvc.cli.evaluation.corpora import Corpus
from memsvc.domain.content import indexed_text
from memsvc.embedding.factory import open_embedder
from memsvc.settings import Settings

_WARM_UP_TURNS = 200


class IngestResult(TypedDict):
    """What one run has measured."""

    memories: int
    tokens_mean: float
    """Of what the encoder sees of a turn."""
    encoder_per_s: tuple[float, float]
    """The encoder alone on the same texts, before the service stored them and after."""
    ingest_per_s: float
    """Memories acknowledged per second, written by one client, one call after the other."""
    jobs_s: float
    """From the last acknowledgement to the end of the last job."""
    ratio: float
    """Ingest rate over the mean of both encoder rates."""


def ingest(
    *,
    memories: Annotated[int, typer.Option(min=_WARM_UP_TURNS, help="How many turns.")] = 5_000,
    out: OutOption,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    seed: SeedOption = 0,
    keep: KeepOption = False,
) -> None:
    """Store generated turns of LoCoMo's lengths through the API, and time it."""
    refuse_useless_keep(url, keep=keep)
    turns = TextSource(read_vocabulary(), seed).turns(memories)
    with measured_service(ServiceOptions(url=url, api_key=api_key, keep=keep)) as service:
        described = service.describe()
        result = _measure(service, turns)
    settings = describe_run(command="ingest", seed=seed, service=described)
    write_results(out, {"ingest": result, "settings": settings})
    console.print(
        f"{result['ingest_per_s']:.0f} memories per second; the encoder alone:"
        f" {result['encoder_per_s'][0]:.0f} before, {result['encoder_per_s'][1]:.0f} after;"
        f" ratio {result['ratio']:.2f}"
    )


def _measure(service: MeasuredService, turns: Sequence[GeneratedTurn]) -> IngestResult:
    # What else runs on the machine changes with time: the encoder is timed on both sides.
    before, tokens_mean = asyncio.run(_encoder_rate(turns))
    ingest_per_s, jobs_s = _ingest_rate(service, turns)
    after, _ = asyncio.run(_encoder_rate(turns))
    return IngestResult(
        memories=len(turns),
        tokens_mean=tokens_mean,
        encoder_per_s=(before, after),
        ingest_per_s=ingest_per_s,
        jobs_s=jobs_s,
        ratio=2 * ingest_per_s / (before + after),
    )


async def _encoder_rate(turns: Sequence[GeneratedTurn]) -> tuple[float, float]:
    """Return texts per second of the encoder in this process, and their mean length in tokens."""
    texts = [indexed_text(turn.text, speaker=turn.speaker, title=None) for turn in turns]
    embedder = await open_embedder(Settings().embedding, installed_models())
    try:
        with console.status("timing the encoder alone"):
            await embedder.embed_documents(texts[:_WARM_UP_TURNS])
            began = time.perf_counter()
            await embedder.embed_documents(texts)
            rate = len(texts) / (time.perf_counter() - began)
        return rate, sum(embedder.count_tokens(texts)) / len(texts)
    finally:
        await embedder.close()


def _ingest_rate(service: MeasuredService, turns: Sequence[GeneratedTurn]) -> tuple[float, float]:
    """Return memories per second, and how long jobs went on."""
    _write(service, turns[:_WARM_UP_TURNS], "warm up")
    ingest_per_s, bank = _write(service, turns, "store")
    return ingest_per_s, service.client.wait_for_jobs(bank, timeout_s=3600.0)


def _write(
    service: MeasuredService, turns: Sequence[GeneratedTurn], what: str
) -> tuple[float, str]:
    """Store the turns in a fresh bank; return how many per second, and the bank."""
    bank = service.make_bank("ingest")
    corpus = Corpus(episodes=episodes_of(turns))
    with progress(what, len(turns)) as advance:
        began = time.perf_counter()
        written = write_corpus(bank, corpus, advance)
        return written / (time.perf_counter() - began), str(bank.reference)
