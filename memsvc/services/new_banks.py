"""New banks: the check of their names, and the record they start as."""

from datetime import datetime

from memsvc.domain.bank_names import is_bank_name
from memsvc.domain.identifiers import BankId, TenantId, uuid7
from memsvc.domain.memory import Bank, BankState
from memsvc.errors import InvalidRequestError
from memsvc.ports import EmbeddingModel
from memsvc.services.commands import NewBank

DEFAULT_LANGUAGE = "auto"


def check_bank_name(name: str) -> None:
    """Raise ``InvalidRequestError`` unless ``name`` can be told from an id and fits the rule."""
    if not is_bank_name(name):
        raise InvalidRequestError(
            "A bank's name is 1 to 128 of the characters a-z 0-9 . _ - and not a UUID.", bank=name
        )


def new_bank(new: NewBank, tenant_id: TenantId, model: EmbeddingModel, now: datetime) -> Bank:
    """Return the bank ``new`` describes, bound to the embedding model in use."""
    return Bank(
        id=BankId(uuid7(now)),
        tenant_id=tenant_id,
        name=new.name,
        description=new.description,
        language=new.language,
        metadata=new.metadata,
        state=BankState.ACTIVE,
        model_id=model.id,
        dimension=model.dimension,
        memory_count=0,
        created_at=now,
        updated_at=now,
        fact_policy=new.fact_policy,
    )
