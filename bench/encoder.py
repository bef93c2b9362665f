"""How fast the configured local encoder is here, and what it weighs.

``python -m bench.encoder [--out FILE.json]`` prints one line per figure. Quote ratios between two
runs on one quiet machine; absolute figures belong to the machine.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from memsvc.embedding.cores import usable_cores
from memsvc.embedding.factory import load_embedder
from memsvc.embedding.onnx_embedder import OnnxEmbedder
from memsvc.settings import EmbeddingSettings

SHORT_TOKENS = 20
LONG_TOKENS = 200
_PROSE = (
    "the memory of an agent keeps what people said about their work family travel music garden"
    " kitchen river winter morning letter question answer plan doctor school house friend dog"
)
WORDS = _PROSE.split()
"""Each is one token of the usual vocabularies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every figure of one run."""

    model: str
    threads: int
    batch_tokens: int
    load_s: float
    rss_loaded_mb: int
    short_per_s: float
    long_per_s: float
    query_p50_ms: float
    query_p95_ms: float
    query_under_load_p50_ms: float
    query_under_load_p95_ms: float
    rss_peak_mb: int


def make_texts(count: int, tokens: int | None, seed: int) -> list[str]:
    """Return texts of ``tokens`` words, or of mixed lengths like those of conversations."""
    draw = random.Random(seed)
    lengths = [
        tokens or min(600, max(1, round(draw.lognormvariate(3.3, 0.9)))) for _ in range(count)
    ]
    return [" ".join(draw.choices(WORDS, k=length)) for length in lengths]


async def rate(embedder: OnnxEmbedder, texts: Sequence[str], repeats: int) -> float:
    """Return texts per second, the best of ``repeats`` runs."""
    best = 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        await embedder.embed_documents(texts)
        best = max(best, len(texts) / (time.perf_counter() - start))
    return best


async def query_times(embedder: OnnxEmbedder, count: int, pause_s: float) -> list[float]:
    """Return the milliseconds of ``count`` queries, one after the other with a pause between."""
    times = []
    for query in make_texts(count, SHORT_TOKENS, seed=3):
        start = time.perf_counter()
        await embedder.embed_query(query)
        times.append((time.perf_counter() - start) * 1000)
        await asyncio.sleep(pause_s)
    return times


async def query_times_under_load(embedder: OnnxEmbedder, count: int) -> list[float]:
    """Return query times while a bulk load of mixed lengths keeps the encoder busy."""
    stop = asyncio.Event()

    async def load() -> None:
        while not stop.is_set():
            await embedder.embed_documents(make_texts(300, None, seed=4))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(load())
        await asyncio.sleep(0.2)
        times = await query_times(embedder, count, pause_s=0.05)
        stop.set()
    return times


def peak_rss_mb() -> int:
    """Return the most memory this process ever had resident (Linux).

    Not by getrusage, whose peak begins with that of the process that started this one.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


async def measure(settings: EmbeddingSettings, models_dirs: Sequence[Path]) -> Report:
    """Load the encoder and take every figure."""
    start = time.perf_counter()
    embedder = load_embedder(settings, models_dirs)
    load_s = time.perf_counter() - start
    rss_loaded_mb = peak_rss_mb()
    short = await rate(embedder, make_texts(600, SHORT_TOKENS, seed=1), repeats=3)
    long = await rate(embedder, make_texts(60, LONG_TOKENS, seed=2), repeats=3)
    alone = await query_times(embedder, 100, pause_s=0)
    under_load = await query_times_under_load(embedder, 100)
    report = Report(
        model=embedder.model.name,
        threads=settings.threads or usable_cores(),
        batch_tokens=settings.batch_tokens,
        load_s=load_s,
        rss_loaded_mb=rss_loaded_mb,
        short_per_s=short,
        long_per_s=long,
        query_p50_ms=statistics.median(alone),
        query_p95_ms=float(np.quantile(alone, 0.95)),
        query_under_load_p50_ms=statistics.median(under_load),
        query_under_load_p95_ms=float(np.quantile(under_load, 0.95)),
        rss_peak_mb=peak_rss_mb(),
    )
    await embedder.close()
    return report


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    defaults = EmbeddingSettings()
    parser = argparse.ArgumentParser(prog="python -m bench.encoder", description=__doc__)
    parser.add_argument("--model", default=defaults.model)
    parser.add_argument("--threads", type=int, default=defaults.threads)
    parser.add_argument("--batch-tokens", type=int, default=defaults.batch_tokens)
    parser.add_argument(
        "--models-dir", type=Path, default=Path(sys.prefix) / "share" / "memsvc" / "models"
    )
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(argv)
    settings = EmbeddingSettings(
        model=given.model, threads=given.threads, batch_tokens=given.batch_tokens
    )
    report = asdict(asyncio.run(measure(settings, [given.models_dir])))
    for name, value in report.items():
        print(f"{name:26} {value:.2f}" if isinstance(value, float) else f"{name:26} {value}")
    if given.out:
        given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
