"""The graph of a bank: what memories speak of; records, calls, and networkx graphs of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from memsvc_client.call import Call, Reference, bank_path, listing
from memsvc_client.jobs import Job
from memsvc_client.models import (
    Memory,
    Page,
)
from memsvc_client.records import Record

if TYPE_CHECKING:
    import networkx as nx


class Entity(Record):
    """Somebody or something that memories speak of."""

    name: str
    """In normal form; with its sort in brackets where several things have the name."""
    shown: str | None = None
    """As a memory writes it; ``None`` until entities are kept, by consolidating."""
    type: str | None = None
    """What sort of thing it was given as."""
    aliases: tuple[str, ...] = ()
    """Its other names, after merging."""
    memories: int
    """How many speak of it; of a neighbour, how many speak of both."""


class EntityDetail(Record):
    """An entity with what speaks of it and what is spoken of beside it."""

    entity: Entity
    memories: tuple[Memory, ...]
    neighbours: tuple[Entity, ...]
    homonyms: tuple[str, ...] = ()
    """Other things by this name."""


class PathStep(Record):
    """An entity on the way, and the memory that leads to the next."""

    name: str
    memory_id: UUID | None = None


class EntityPath(Record):
    """A shortest way between two entities; empty if there is none."""

    steps: tuple[PathStep, ...]


class GraphStatistics(Record):
    """How large a graph is."""

    memories: int
    entities: int
    mentions: int
    bytes: int


class Mentioning(Record):
    """A memory with the entities it speaks of, and how often."""

    memory_id: UUID
    entities: dict[str, int]
    subjects: tuple[str, ...]
    """What it is about as a whole."""


class AroundMemory(Record):
    """A memory that a question brings, and how often it mentions the entities listed."""

    memory_id: UUID
    score: float
    """Of the recall, 0 to 1."""
    text: str | None = None
    """``None`` if texts were not asked for."""
    entities: dict[str, int]


class AroundEntity(Entity):
    """An entity of these memories; ``memories`` counts those of the bank."""

    here: int
    """How many of these memories speak of it."""


class Subgraph(Record):
    """What lies around a question."""

    memories: tuple[AroundMemory, ...]
    """Best first."""
    entities: tuple[AroundEntity, ...]
    """Those of most of these memories first, then the rarest in the bank."""
    named: tuple[str, ...]
    """Entities of the bank that the question names, mentioned by these memories or not."""
    entities_left_out: int
    """How many more entities these memories mention."""

    def as_networkx(self) -> Any:  # noqa: ANN401 — a networkx.Graph: networkx is an extra
        """Return it as ``Bank.graph`` does; memories have ``score``, entities ``named``.

        Needs the extra ``graph``: raises ``ImportError``.
        """
        graph = _networkx().Graph()
        for memory in self.memories:
            label = str(memory.memory_id)
            graph.add_node(f"memory:{label}", kind="memory", label=label, score=memory.score)
        for each in self.entities:
            named = each.name in self.named
            graph.add_node(f"entity:{each.name}", kind="entity", label=each.name, named=named)
        for memory in self.memories:
            for name, count in memory.entities.items():
                ends = f"memory:{memory.memory_id}", f"entity:{name}"
                graph.add_edge(*ends, kind="mentions", count=count)
        return graph


def graph_statistics(bank: Reference) -> Call[GraphStatistics]:
    """Describe the question how large the graph is."""
    return Call(method="GET", path=_path(bank), result=GraphStatistics)


def list_entities(bank: Reference, *, containing: str | None = None) -> Call[Page[Entity]]:
    """Describe the listing of entities."""
    path, params = f"{_path(bank)}/entities", listing(containing=containing)
    return Call(method="GET", path=path, result=Page[Entity], params=params)


def get_entity(bank: Reference, name: str, *, limit: int = 20) -> Call[EntityDetail]:
    """Describe the reading of one entity."""
    path = f"{_path(bank)}/entity"
    params: dict[str, str | int] = {"name": name, "limit": limit}
    return Call(method="GET", path=path, result=EntityDetail, params=params)


def find_path(bank: Reference, start: str, end: str) -> Call[EntityPath]:
    """Describe the search for a way between two entities."""
    path = f"{_path(bank)}/path"
    return Call(method="GET", path=path, result=EntityPath, params={"start": start, "end": end})


def graph_around(
    bank: Reference, question: str, *, memories: int = 10, entities: int = 50, text: bool = True
) -> Call[Subgraph]:
    """Describe the question what lies around a question."""
    params: dict[str, str | int] = {
        "question": question,
        "memories": memories,
        "entities": entities,
        "text": "true" if text else "false",
    }
    return Call(method="GET", path=f"{_path(bank)}/around", result=Subgraph, params=params)


def list_mentions(bank: Reference) -> Call[Page[Mentioning]]:
    """Describe the listing of the whole graph."""
    path = f"{_path(bank)}/mentions"
    return Call(method="GET", path=path, result=Page[Mentioning], params=listing())


def rebuild_graph(bank: Reference) -> Call[Job]:
    """Describe the reading of entities that are missing."""
    return Call(method="POST", path=f"{_path(bank)}:rebuild", result=Job, mutates=True)


def to_networkx(mentions: Iterable[Mentioning]) -> "nx.Graph[str]":
    """Return memories and entities as nodes (``kind``), joined by ``mentions`` edges (``count``).

    Nodes are named by ``memory:ID`` and ``entity:NAME``. Needs networkx: raises ``ImportError``.
    """
    graph: nx.Graph[str] = _networkx().Graph()
    for each in mentions:
        memory = f"memory:{each.memory_id}"
        graph.add_node(memory, kind="memory", label=str(each.memory_id))
        for name, count in each.entities.items():
            entity = f"entity:{name}"
            graph.add_node(entity, kind="entity", label=name)
            graph.add_edge(
                memory, entity, kind="mentions", count=count, subject=name in each.subjects
            )
    return graph


def _networkx() -> Any:  # noqa: ANN401 — a module
    try:
        import networkx as nx  # noqa: PLC0415 — an extra
    except ImportError as error:
        raise ImportError("Graphs need networkx: install memsvc-client[graph].") from error
    return nx


def _path(bank: Reference) -> str:
    return f"{bank_path(bank)}/graph"
