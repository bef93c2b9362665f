"""Builds the ONNX graph of a BERT encoder over the safetensors file as it is.

The graph holds no weights: each tensor points into ``model.safetensors`` (ONNX external data), so
that the file the runtime maps into memory is the very one whose checksum is pinned. Run as a
script, because only this step needs ``onnx`` and no long-lived process should carry it:
``python bert_graph.py FOLDER`` reads ``config.json`` and writes ``model.onnx``. It must therefore
import nothing of this package.
"""

import json
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHTS = "model.safetensors"
GRAPH = "model.onnx"
_OPSET = 20
"""The first with Gelu as one operator."""
_IR_VERSION = 10
_SIZE_OF_HEADER_LENGTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BertShape:
    """The numbers of a BERT encoder that its graph depends on."""

    layers: int
    heads: int
    hidden: int
    epsilon: float

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "BertShape":
        """Read a transformers ``config.json``; ``ValueError`` for what would come out wrong."""
        required = {
            "model_type": "bert",
            "hidden_act": "gelu",
            "position_embedding_type": "absolute",
        }
        for key, value in required.items():
            if config.get(key, value) != value:
                raise ValueError(f"{key} {config[key]!r} is not supported, only {value!r}")
        return cls(
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            hidden=config["hidden_size"],
            epsilon=config["layer_norm_eps"],
        )


class _Graph:
    """Collects nodes and initializers; every method returns the name of a value."""

    def __init__(self, header: Mapping[str, Any], data_start: int) -> None:
        self._header = header
        self._data_start = data_start
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, TensorProto] = {}

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:  # noqa: ANN401 - ONNX's own
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: Sequence[int] | np.float32) -> str:
        array = value if isinstance(value, np.float32) else np.array(value, dtype=np.int64)
        self.initializers[name] = numpy_helper.from_array(np.asarray(array), name)
        return name

    def weight(self, name: str) -> str:
        """Point at a tensor in the safetensors file: a JSON header, then raw little-endian data."""
        entry = self._header[name]
        if entry["dtype"] != "F32":
            raise ValueError(f"tensor {name} is {entry['dtype']}, only F32 is supported")
        start, end = entry["data_offsets"]
        tensor = TensorProto(
            name=name,
            data_type=TensorProto.FLOAT,
            dims=entry["shape"],
            data_location=TensorProto.EXTERNAL,
        )
        place = {"location": WEIGHTS, "offset": self._data_start + start, "length": end - start}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self.initializers[name] = tensor
        return name


class _BertBuilder:
    """The layers of Devlin et al. 2019 (arXiv:1810.04805) as transformers names their weights.

    Tokens stay flat, shape (batch·length, hidden), outside attention: a linear layer is then one
    Gemm with its bias inside, which measured 4 % faster than MatMul and Add on three dimensions.
    """

    def __init__(self, graph: _Graph, shape: BertShape) -> None:
        self._graph = graph
        self._shape = shape
        op, constant = graph.op, graph.constant
        self._batch_length = op("Shape", "input_ids")
        self._flat = constant("flat_shape", [-1, shape.hidden])
        head_size = shape.hidden // shape.heads
        self._heads_shape = op(
            "Concat", self._batch_length, constant("heads", [shape.heads, head_size]), axis=0
        )
        self._scale = constant("attention_scale", np.float32(head_size**-0.5))
        self._bias = self._attention_bias()

    def hidden_states(self) -> str:
        """Return the last layer's output: shape (batch, length, hidden)."""
        tokens = self._embeddings()
        for layer in range(self._shape.layers):
            tokens = self._layer(f"encoder.layer.{layer}", tokens)
        op, constant = self._graph.op, self._graph.constant
        hidden = constant("hidden_size", [self._shape.hidden])
        return op("Reshape", tokens, op("Concat", self._batch_length, hidden, axis=0))

    def _attention_bias(self) -> str:
        """Return 0 where a token may be looked at and the lowest float where it is padding."""
        op, constant = self._graph.op, self._graph.constant
        mask = op("Cast", "attention_mask", to=TensorProto.FLOAT)
        mask = op("Unsqueeze", mask, constant("head_and_query_axes", [1, 2]))
        padding = op("Sub", constant("one", np.float32(1)), mask)
        return op("Mul", padding, constant("lowest", np.finfo(np.float32).min))

    def _embeddings(self) -> str:
        op, weight = self._graph.op, self._graph.weight
        zero = self._graph.constant("zero", [0])
        length = op("Shape", "input_ids", start=1, end=2)
        words = op("Gather", weight("embeddings.word_embeddings.weight"), "input_ids")
        positions = op("Slice", weight("embeddings.position_embeddings.weight"), zero, length, zero)
        # A single text is all of token type 0.
        types = op("Gather", weight("embeddings.token_type_embeddings.weight"), zero)
        tokens = op("Add", op("Add", words, positions), types)
        return op("Reshape", self._norm("embeddings", tokens), self._flat)

    def _layer(self, name: str, tokens: str) -> str:
        op = self._graph.op
        context = self._attention(f"{name}.attention.self", tokens)
        attended = op("Add", self._linear(f"{name}.attention.output.dense", context), tokens)
        attended = self._norm(f"{name}.attention.output", attended)
        inner = op("Gelu", self._linear(f"{name}.intermediate.dense", attended))
        output = op("Add", self._linear(f"{name}.output.dense", inner), attended)
        return self._norm(f"{name}.output", output)

    def _attention(self, name: str, tokens: str) -> str:
        op = self._graph.op
        # Keys come transposed, ready for the product.
        query, key, value = (
            op(
                "Transpose",
                op("Reshape", self._linear(f"{name}.{part}", tokens), self._heads_shape),
                perm=order,
            )
            for part, order in (
                ("query", [0, 2, 1, 3]),
                ("key", [0, 2, 3, 1]),
                ("value", [0, 2, 1, 3]),
            )
        )
        scores = op("Add", op("Mul", op("MatMul", query, key), self._scale), self._bias)
        context = op("MatMul", op("Softmax", scores, axis=-1), value)
        return op("Reshape", op("Transpose", context, perm=[0, 2, 1, 3]), self._flat)

    def _linear(self, name: str, tokens: str) -> str:
        weight = self._graph.weight
        return self._graph.op(
            "Gemm", tokens, weight(f"{name}.weight"), weight(f"{name}.bias"), transB=1
        )

    def _norm(self, name: str, tokens: str) -> str:
        weight = self._graph.weight
        return self._graph.op(
            "LayerNormalization",
            tokens,
            weight(f"{name}.LayerNorm.weight"),
            weight(f"{name}.LayerNorm.bias"),
            axis=-1,
            epsilon=self._shape.epsilon,
        )


def build_graph(folder: Path) -> Path:
    """Write ``model.onnx`` beside the weights in ``folder`` and return its path.

    Inputs ``input_ids`` and ``attention_mask``: int64, shape (batch, length); output
    ``last_hidden_state``: float32, shape (batch, length, hidden). Raises ``ValueError`` for a model
    that is not a BERT encoder in float32.
    """
    shape = BertShape.from_config(json.loads((folder / "config.json").read_bytes()))
    graph = _Graph(*_read_header(folder / WEIGHTS))
    hidden_states = _BertBuilder(graph, shape).hidden_states()
    graph.nodes.append(helper.make_node("Identity", [hidden_states], ["last_hidden_state"]))
    axes = ["batch", "length"]
    integers, floats = TensorProto.INT64, TensorProto.FLOAT
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "bert_encoder",
            [
                helper.make_tensor_value_info(name, integers, axes)
                for name in ("input_ids", "attention_mask")
            ],
            [helper.make_tensor_value_info("last_hidden_state", floats, [*axes, shape.hidden])],
            list(graph.initializers.values()),
        ),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    path = folder / GRAPH
    onnx.save_model(model, path)
    onnx.checker.check_model(str(path))
    return path


def _read_header(path: Path) -> tuple[Mapping[str, Any], int]:
    """Return the safetensors header and the offset at which the data begins."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(_SIZE_OF_HEADER_LENGTH))
        return json.loads(file.read(length)), _SIZE_OF_HEADER_LENGTH + length


if __name__ == "__main__":
    try:
        build_graph(Path(sys.argv[1]))
    except (ValueError, KeyError) as problem:
        sys.exit(f"cannot build the graph: {problem}")
