"""The encoders of a process, found by the model whose space they write into.

A bank is served by the encoder of its own model, never by another: a query and the vectors it is
compared with come from the same ``Embedder``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from memsvc.domain.identifiers import TenantId
from memsvc.domain.memory import BankScope
from memsvc.domain.vectors import check_dimension
from memsvc.errors import InvalidRequestError
from memsvc.ports import Embedder

DEFAULT_NAME = "default"


def _as_it_is(embedder: Embedder, _: TenantId) -> Embedder:
    return embedder


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedders:
    """Every encoder there is; raises ``ConfigurationError`` if the vectors of one are too long."""

    default: Embedder
    """What new banks get."""
    named: Mapping[str, Embedder] = field(default_factory=dict)
    """More of them, by the names of the settings."""
    charged: Callable[[Embedder, TenantId], Embedder] = _as_it_is
    """Returns an encoder on a tenant's account, where its calls cost anything."""

    def __post_init__(self) -> None:
        """Refuse models that some path could not take."""
        for embedder in self:
            check_dimension(embedder.model.dimension, embedder.model.name)

    def __iter__(self) -> Iterator[Embedder]:
        """Yield each, the default one first."""
        yield self.default
        yield from self.named.values()

    def of_model(self, model_id: str, tenant_id: TenantId) -> Embedder | None:
        """Return the encoder of a model for a tenant, or ``None`` if it is not configured here."""
        found = next((each for each in self if each.model.id == model_id), None)
        return None if found is None else self.charged(found, tenant_id)

    def by_name(self, name: str) -> Embedder:
        """Return the encoder of this name in the settings, or of this model name or id.

        Raises ``InvalidRequestError`` that says which there are.
        """
        chosen = self.default if name == DEFAULT_NAME else self.named.get(name)
        matching = (each for each in self if name in (each.model.name, each.model.id))
        if (found := chosen or next(matching, None)) is None:
            names = ", ".join([DEFAULT_NAME, *self.named])
            raise InvalidRequestError(
                f"There is no embedding model {name!r}; configured are: {names}. Add it as"
                " MEMSVC_EMBEDDERS__<NAME>__MODEL to every process of the service.",
                model=name,
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """One bank's vectors of one model, with the encoder that asks it: they cannot be mixed up."""

    scope: BankScope
    embedder: Embedder
