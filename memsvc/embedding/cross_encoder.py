"""A local cross-encoder: question and text are read together, one number says how well they fit.

Any folder with ``model.onnx`` (or ``onnx/model.onnx``), ``tokenizer.json`` and ``config.json``
whose graph takes token ids and gives one score a pair, or two of which the second is "relevant";
models of the hub's ``cross-encoder/ms-marco-…`` kind are such.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from memsvc.domain.identifiers import TenantId
from memsvc.embedding.batches import padded_batches
from memsvc.embedding.catalog import parse_source
from memsvc.embedding.cores import usable_cores
from memsvc.embedding.factory import find_model
from memsvc.embedding.inference import TransformerSession, padded
from memsvc.embedding.lane import InferenceLane
from memsvc.embedding.manifest import MANIFEST, verified_manifest
from memsvc.embedding.model_folder import find_graph, first_file, read_json, window_tokens_of
from memsvc.errors import ConfigurationError
from memsvc.ports import Matrix
from memsvc.settings import RerankSettings

_SCORES_RANK = 2
_CHARACTERS_PER_TOKEN = 32
"""More than any tokenizer averages: what a text has beyond cannot reach the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossEncoderFolder:
    """A cross-encoder on disk."""

    name: str
    graph: Path
    tokenizer: Path
    window_tokens: int
    """Of question and text together, special tokens included."""
    pad_id: int


def read_cross_encoder_folder(path: Path, name: str) -> CrossEncoderFolder:
    """Read the folder; one that we installed is compared with its manifest.

    Raises ``ModelNotInstalledError`` for a damaged install, ``ConfigurationError`` when files are
    missing.
    """
    config = read_json(path / "config.json")
    if (path / MANIFEST).exists():
        verified_manifest(path)
    return CrossEncoderFolder(
        name=name,
        graph=find_graph(path),
        tokenizer=first_file(path, ("tokenizer.json",)),
        window_tokens=window_tokens_of(path, config),
        pad_id=int(config.get("pad_token_id") or 0),
    )


class CrossEncoder:
    """Scores pairs. Blocking; construction takes as long as loading."""

    def __init__(self, folder: CrossEncoderFolder, threads: int) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(folder.tokenizer))
        except Exception as error:  # the library raises nothing narrower
            raise ConfigurationError(f"{folder.tokenizer} is not a tokenizer: {error}") from error
        self._tokenizer.no_padding()
        # Of a pair that is too long, the longer side loses its end.
        self._tokenizer.enable_truncation(folder.window_tokens, strategy="longest_first")
        self._most_chars = folder.window_tokens * _CHARACTERS_PER_TOKEN
        self._pad_id = folder.pad_id
        self._session = TransformerSession(folder.graph, threads)
        output = self._session.output_of_rank(_SCORES_RANK)
        if output is None:
            raise ConfigurationError(f"{folder.graph} gives no score for each pair.")
        self._output = output
        # A first run tells how many scores there are whatever the graph declares.
        if (found := self._scores(self.pairs("a", ["a"])).shape[1]) not in (1, 2):
            raise ConfigurationError(f"{folder.graph} gives {found} scores a pair, not 1 or 2.")

    def pairs(self, question: str, texts: Sequence[str]) -> list[Encoding]:
        """Return question and text as the model reads them, for each text."""
        cut = self._most_chars
        return self._tokenizer.encode_batch([(question[:cut], text[:cut]) for text in texts])

    def relevance(self, pairs: Sequence[Encoding]) -> Matrix:
        """Return the relevance of each pair, shape (n, 1), 0 to 1.

        That of one score is its logistic function, of two the softmax's second: what they are
        trained by.
        """
        scores = self._scores(pairs)
        margin = scores if scores.shape[1] == 1 else scores[:, 1:] - scores[:, :1]
        # Of float64, whose exponential does not overflow for any score a model gives.
        relevance = 1 / (1 + np.exp(-margin.astype(np.float64)))
        return relevance.astype(np.float32)

    def _scores(self, pairs: Sequence[Encoding]) -> NDArray[np.float32]:
        ids, mask = padded([pair.ids for pair in pairs], self._pad_id)
        types, _ = padded([pair.type_ids for pair in pairs], 0)
        return self._session.run(self._output, ids, mask, types)


class OnnxReranker:
    """``Reranker`` over a model folder, on a thread of its own."""

    def __init__(self, folder: CrossEncoderFolder, *, threads: int, batch_tokens: int) -> None:
        self._name = folder.name
        self._encoder = CrossEncoder(folder, threads)
        self._batch_tokens = batch_tokens
        self._lane = InferenceLane()

    @property
    def name(self) -> str:
        """The model's folder or its name on the hub."""
        return self._name

    async def relevance(
        self, tenant_id: TenantId, question: str, texts: Sequence[str]
    ) -> Sequence[float]:
        """Return the relevance of each text; between two batches it can be cancelled."""
        del tenant_id  # costs nobody anything
        pairs = await asyncio.to_thread(self._encoder.pairs, question, texts)
        found = [0.0] * len(texts)
        for batch in padded_batches([len(pair.ids) for pair in pairs], self._batch_tokens):
            job = partial(self._encoder.relevance, [pairs[place] for place in batch])
            scores = await self._lane.run(job)
            for place, score in zip(batch, scores[:, 0].tolist(), strict=True):
                found[place] = score
        return found

    async def close(self) -> None:
        """End the inference thread."""
        await self._lane.close()


def load_reranker(settings: RerankSettings, models_dirs: Sequence[Path]) -> OnnxReranker:
    """Load the configured local model; blocks while its files are checked and read.

    Raises ``ModelNotInstalledError`` or ``ConfigurationError``. The caller closes it.
    """
    source = parse_source(settings.model)
    folder = read_cross_encoder_folder(find_model(source, models_dirs), source.name)
    return OnnxReranker(folder, threads=usable_cores(), batch_tokens=settings.batch_tokens)
