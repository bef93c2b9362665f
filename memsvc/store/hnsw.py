"""Partial HNSW indexes of large banks: their names, what they are built on, and their DDL.

An index serves one bank and one model. It is built on a compressed form of the vectors: half
precision as far as pgvector indexes it, one bit per component beyond. Candidates are scored again
from the stored float32 vectors, so the compression costs recall, never the accuracy of a score.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from memsvc.domain.identifiers import BankId
from memsvc.domain.vectors import check_dimension

PREFIX = "hnsw_"
HALF_PRECISION_UP_TO = 4_000
"""What pgvector indexes as ``halfvec``; as ``bit`` it goes up to 64,000."""

Compression: TypeAlias = Literal["half", "bit"]

_M, _EF_CONSTRUCTION = 16, 128
_MODEL_ID = re.compile(r"[\w:./+@ -]{1,256}")
"""Model ids stand in DDL, which takes no parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HnswIndex:
    """The index there is, or could be, for one bank's vectors of one model."""

    bank_id: BankId
    model_id: str
    dimension: int

    @property
    def name(self) -> str:
        """Unique per bank and model, and below PostgreSQL's 63 bytes."""
        model = hashlib.blake2b(self.model_id.encode(), digest_size=6).hexdigest()
        return f"{PREFIX}{self.bank_id.hex}_{model}"

    @property
    def compression(self) -> Compression:
        """How the vectors are kept in the index."""
        return compression_of(self.dimension)

    def create(self, *, concurrently: bool = True) -> str:
        """Return the statement that builds it; concurrently needs to stand outside transactions.

        Raises ``ConfigurationError`` for a dimension that is not supported, ``ValueError`` for a
        model id that cannot be one.
        """
        check_dimension(self.dimension, self.model_id)
        if not _MODEL_ID.fullmatch(self.model_id):
            raise ValueError(f"not a model id: {self.model_id!r}")
        how = "CONCURRENTLY " if concurrently else ""
        operators = "halfvec_cosine_ops" if self.compression == "half" else "bit_hamming_ops"
        return (
            f"CREATE INDEX {how}{self.name} ON embeddings"
            f" USING hnsw (({_compressed('vector', self.dimension)}) {operators})"
            f" WITH (m = {_M}, ef_construction = {_EF_CONSTRUCTION})"
            f" WHERE bank_id = '{self.bank_id}' AND model_id = '{self.model_id}'"
        )


def drop(name: str) -> str:
    """Return the statement that drops an index by its name; it stands outside transactions."""
    return f"DROP INDEX CONCURRENTLY IF EXISTS {name}"


def compression_of(dimension: int) -> Compression:
    """Return the most faithful form that pgvector can index at this dimension."""
    return "half" if dimension <= HALF_PRECISION_UP_TO else "bit"


def distance(dimension: int) -> str:
    """Return the expression to order by, for ``e.vector`` and the parameter ``query``.

    It is the index's own expression, written alike: only so does the planner recognise it.
    """
    operator = "<=>" if compression_of(dimension) == "half" else "<~>"
    return (
        f"({_compressed('e.vector', dimension)}) {operator}"
        f" ({_compressed('CAST(:query AS vector)', dimension)})"
    )


def _compressed(vector: str, dimension: int) -> str:
    if compression_of(dimension) == "half":
        return f"CAST({vector} AS halfvec({dimension}))"
    return f"CAST(binary_quantize({vector}) AS bit({dimension}))"
