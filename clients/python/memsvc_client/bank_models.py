"""The embedding models that a bank has vectors of."""

from pydantic import AwareDatetime

from memsvc_client.records import Metadata, Record


class BankModel(Record):
    """One embedding model that a bank has vectors of."""

    id: str
    dimension: int
    state: str
    """``serving``, ``building`` or ``retired``."""
    created_at: AwareDatetime
    retired_at: AwareDatetime | None = None
    report: Metadata | None = None
    """The figures of its last comparison with the model that served then."""


class BankModels(Record):
    """The embedding models of a bank, the serving one first."""

    items: tuple[BankModel, ...]
