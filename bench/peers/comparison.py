"""Our service and other memory libraries on the same texts, vectors and questions."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.peers.orders import Material, PeerOrders, PeerRow
from bench.peers.running import OURS, OURS_DENSE, PEERS, run_peer
from bench.progress import console
from bench.texts import TextSource, installed_models, read_vocabulary
from bench.vectors import VectorSource
from memsvc.embedding.factory import load_embedder
from memsvc.ports import Matrix
from memsvc.settings import EmbeddingSettings

_NAMES_PER_TURN = 2.0
_ENCODED = 100
_LIMIT_S = 7200.0
_FIGURES = ("adds_per_s", "searches_per_s")
_COSTS = ("add", "search")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What all systems have to do."""

    memories: int
    queries: int
    seed: int
    data: Path | None
    add_budget_s: float


def compare(peers: Sequence[str], wanted: Comparison) -> dict[str, object]:
    """Return ``peers``, the rows with ours first, and ``ratios`` of ours to each.

    Ours is measured with every arm, and with the dense arm alone (``dense_ratios``).
    A peer that runs out of time has stored fewer: ours is then measured among as many.
    """
    theirs = [PEERS[each] for each in dict.fromkeys(peers)]
    with tempfile.TemporaryDirectory(prefix="memsvc-bench-") as folder:
        material = _material(wanted)
        rows = []
        for system in theirs:
            material.write(Path(folder))
            rows.append(_run(system, Path(folder), wanted))
        held = [row["memories"] for row in rows if "memories" in row]
        size = max(held, default=wanted.memories)
        fewer = Material(
            turns=material.turns[: size + _ENCODED],
            vectors=material.vectors[: size + _ENCODED],
            questions=material.questions,
            question_vectors=material.question_vectors,
        )
        fewer.write(Path(folder))
        ours = _run(OURS, Path(folder), wanted)
        dense = _run(OURS_DENSE, Path(folder), wanted)
    measured = [row for row in rows if "adds_per_s" in row]
    return {
        "peers": [ours, dense, *rows],
        "ratios": {row["name"]: ratios(ours, row) for row in measured},
        "dense_ratios": {row["name"]: ratios(dense, row) for row in measured},
    }


def ratios(ours: PeerRow, other: PeerRow) -> dict[str, float]:
    """Return how many times as much ours does in a second, or does for the same processor time."""
    if "adds_per_s" not in ours or "adds_per_s" not in other:
        return {}
    found: dict[str, float] = {}
    for figure in _FIGURES:
        found[figure] = ours[figure] / other[figure]  # type: ignore[literal-required]
        found[f"{figure}_with_encoder"] = (
            ours["with_encoder"][figure] / other["with_encoder"][figure]  # type: ignore[literal-required]
        )
    for cost in _COSTS:
        found[f"{cost}_cpu"] = other["cpu_ms"][cost] / ours["cpu_ms"][cost]
    return found


def _run(system: str, folder: Path, wanted: Comparison) -> PeerRow:
    console.print(f"Measuring {system} …")
    orders = PeerOrders(
        system=system,
        folder=str(folder),
        data=None if wanted.data is None else str(wanted.data.resolve()),
        add_budget_s=wanted.add_budget_s,
        encoded=_ENCODED,
        models=[str(each) for each in installed_models()],
    )
    row = run_peer(orders, _LIMIT_S)
    console.print(f"{system}: {row.get('reason') or _figures(row)}")
    return row


def _figures(row: PeerRow) -> str:
    return (
        f"{row['memories']} memories, {row['adds_per_s']:.1f} adds/s,"
        f" {row['searches_per_s']:.1f} searches/s, recall@10 {row['recall_at_10']}"
    )


def _material(wanted: Comparison) -> Material:
    """Draw the texts and their vectors, and encode the questions."""
    total = wanted.memories + _ENCODED
    source = TextSource(read_vocabulary(), wanted.seed, names=_NAMES_PER_TURN)
    embedder = load_embedder(EmbeddingSettings(), installed_models())
    questions = source.questions(wanted.queries)

    async def encode() -> Matrix:
        try:
            return np.stack([await embedder.embed_query(each) for each in questions])
        finally:
            await embedder.close()

    return Material(
        turns=source.turns(total),
        vectors=VectorSource.encode(total, embedder.model.dimension, wanted.seed).vectors(total),
        questions=questions,
        question_vectors=asyncio.run(encode()),
    )
