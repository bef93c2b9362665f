"""PostgreSQL column types that SQLAlchemy lacks, or adapts more slowly than psycopg does."""

from typing import Any

from pgvector.sqlalchemy import VECTOR
from sqlalchemy.types import UserDefinedType


class FloatVector(VECTOR):
    """pgvector's ``vector`` of any dimension, bound as a float32 array in psycopg's binary form.

    The stock type renders every float as text, which costs more than the INSERT itself.
    """

    cache_ok = True

    def bind_processor(self, _dialect: Any) -> None:  # noqa: ANN401 — SQLAlchemy's signature
        """Leave the array to psycopg's dumper, registered on each connection."""


class TransactionId(UserDefinedType[int]):
    """``xid8``: a 64-bit transaction id that never wraps round."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the type's name in DDL."""
        return "xid8"
