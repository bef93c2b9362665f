"""What the tables are made of: their metadata, sequences and the columns they share."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Sequence, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

vector_ids = Sequence("vector_ids", metadata=metadata)
"""Drawn by the application, so that a vector's id is known before it is written."""
change_numbers = Sequence("change_numbers", metadata=metadata)
partition_numbers = Sequence("partition_numbers", metadata=metadata)
"""Keys of partitions in shared indexes; one that is free again is not used again."""


def uuid_column(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Uuid(), nullable=nullable)


def text_column(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Text(), nullable=nullable)


def instant_column(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def json_column(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSONB(), nullable=nullable)


def integer_column(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, Integer(), nullable=nullable)
