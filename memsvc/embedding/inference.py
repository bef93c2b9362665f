"""Runs an ONNX sentence encoder: token ids in, one unit vector per window out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from memsvc.domain.vectors import unit_rows
from memsvc.embedding.model_folder import ModelFolder, Pooling
from memsvc.embedding.tokens import TokenIds
from memsvc.errors import ConfigurationError, EmbedderUnavailableError
from memsvc.ports import Matrix

_INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_TOKEN_VECTORS_RANK = 3
_LOAD_ERRORS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)
_RUN_ERRORS = (ort_errors.Fail, ort_errors.InvalidArgument, ort_errors.RuntimeException)


class TransformerSession:
    """One ONNX Runtime session over a graph that takes token ids. Blocking, one thread at a time.

    Raises ``ConfigurationError`` for a graph that cannot be loaded or wants other inputs.
    """

    def __init__(self, graph: Path, threads: int) -> None:
        try:
            self._session = ort.InferenceSession(
                str(graph), _session_options(threads), providers=["CPUExecutionProvider"]
            )
        except _LOAD_ERRORS as error:
            raise ConfigurationError(f"{graph} cannot be loaded: {error}") from error
        self._input_types = {entry.name: entry.type for entry in self._session.get_inputs()}
        known = {"input_ids", "attention_mask", "token_type_ids"}
        if unknown := set(self._input_types) - known:
            raise ConfigurationError(
                f"{graph} wants inputs that an encoder has not: {', '.join(sorted(unknown))}."
            )

    def output_of_rank(self, rank: int) -> str | None:
        """Return the first output with so many axes, if there is one."""
        outputs = self._session.get_outputs()
        return next((str(each.name) for each in outputs if len(each.shape) == rank), None)

    def run(
        self,
        output: str,
        ids: NDArray[np.int64],
        mask: NDArray[np.int64],
        types: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """Return one output for ids, mask and token types, all of shape (n, length).

        Raises ``EmbedderUnavailableError``.
        """
        values = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        feed = {
            name: values[name].astype(_INTEGERS[kind], copy=False)
            for name, kind in self._input_types.items()
        }
        try:
            (found,) = self._session.run([output], feed)
        except _RUN_ERRORS as error:
            raise EmbedderUnavailableError(f"The encoder failed: {error}") from error
        values_of: NDArray[np.float32] = found
        return values_of


class SentenceEncoder:
    """One ONNX Runtime session. Blocking; call it from one thread at a time.

    Raises ``ConfigurationError`` for a graph that is no sentence encoder.
    """

    def __init__(self, folder: ModelFolder, threads: int) -> None:
        self._pooling = folder.pooling
        self._pad_id = folder.pad_id
        self._session = TransformerSession(folder.graph, threads)
        self._output = self._token_vectors_output(folder)
        # A first run tells the dimension whatever the graph declares, and warms the kernels up.
        self.dimension = self.encode([[]]).shape[1]

    def encode(self, windows: Sequence[TokenIds]) -> Matrix:
        """Return the unit vectors of the windows: shape (n, dimension), float32, in their order.

        Raises ``EmbedderUnavailableError``.
        """
        ids, mask = padded(windows, self._pad_id)
        tokens = self._session.run(self._output, ids, mask, np.zeros_like(ids))
        return unit_rows(_pooled(tokens, mask, self._pooling))

    def _token_vectors_output(self, folder: ModelFolder) -> str:
        output = self._session.output_of_rank(_TOKEN_VECTORS_RANK)
        if output is not None:
            return output
        raise ConfigurationError(f"{folder.graph} gives no vectors of tokens to pool.")


def padded(windows: Sequence[TokenIds], pad_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ids and mask, shape (n, longest), padded on the right.

    An empty window (a text without tokens, a tokenizer without special ones) shows the model
    one padding token: attention over nothing would be NaN.
    """
    lengths = np.array([max(1, len(window)) for window in windows])
    ids = np.full((len(windows), lengths.max()), pad_id, dtype=np.int64)
    for row, window in zip(ids, windows, strict=True):
        row[: len(window)] = window
    mask = np.arange(ids.shape[1]) < lengths[:, np.newaxis]
    return ids, mask.astype(np.int64)


def _session_options(threads: int) -> Any:  # noqa: ANN401 - the runtime ships no types
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads would burn the cores that the database and the web server share with us.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Plans are kept per input shape, and every batch has another: memory for nothing.
    options.enable_mem_pattern = False
    return options


def _pooled(
    tokens: NDArray[np.float32], mask: NDArray[np.int64], pooling: Pooling
) -> NDArray[np.float32]:
    """Return one vector per window, not normalised: shape (n, dimension).

    ``tokens`` has shape (n, length, dimension), ``mask`` (n, length) with 1 for real tokens. The
    mean's division is left out: the length is normalised away afterwards.
    """
    vectors: NDArray[np.float32]
    match pooling:
        case Pooling.MEAN:
            weights = mask[:, np.newaxis, :].astype(np.float32)
            vectors = np.matmul(weights, tokens)[:, 0]
        case Pooling.CLS:
            vectors = tokens[:, 0]
        case Pooling.LAST:
            vectors = tokens[np.arange(len(tokens)), mask.sum(axis=1) - 1]
    return vectors
