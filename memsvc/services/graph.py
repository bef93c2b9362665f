"""The graph of a bank, for those who want to look at it."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter

from memsvc.domain.graph.entity_forms import EntityForm, entity_form
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.graph.sorts import Sort, sorted_name, split_name
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Job, JobKind, NewJob
from memsvc.domain.memory import Memory
from memsvc.domain.paging import Page, PageRequest, cut_page, offset_of
from memsvc.errors import EntityNotFoundError, InvalidRequestError
from memsvc.memory_index.graph_arm import GraphArm
from memsvc.memory_index.memory_graph import MemoryGraph
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.services.recalling.recording import LoggedRecall
from memsvc.store.transactions import Store, WriteTransaction

_MOST_VISITED = 20_000
"""Entities looked at for a path; beyond, there is none worth telling."""
_WIDEST = 1_000
"""Entities that more memories mention are no step of a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Somebody or something that memories speak of."""

    form: EntityForm
    """Its name in normal form: Unicode NFKC, small letters, no punctuation; with its sort in
    brackets where there are things of several sorts by this name."""
    memories: int
    name: str | None = None
    """As a memory writes it, where that is kept already."""
    type: str | None = None
    """What sort of thing it was given as."""
    aliases: Sequence[str] = ()
    """Names that it has in memories beside this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityDetail:
    """An entity with what speaks of it and what is spoken of beside it."""

    entity: Entity
    memories: Sequence[Memory]
    neighbours: Sequence[Entity]
    """Entities of the same memories; the count is of shared ones."""
    homonyms: Sequence[EntityForm] = ()
    """Other things by the name that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStatistics:
    """How large a graph is."""

    memories: int
    entities: int
    mentions: int
    nbytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentioning:
    """A memory with the entities it speaks of."""

    memory_id: MemoryId
    entities: Sequence[tuple[EntityForm, int]]
    subjects: Sequence[EntityForm]


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundMemory:
    """A memory that a question brings, with those of the chosen entities that it mentions."""

    memory: Memory
    score: float
    """Of the recall, 0 to 1."""
    entities: Sequence[tuple[EntityForm, int]]
    """How often it mentions each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundEntity:
    """An entity of these memories."""

    entity: Entity
    here: int
    """How many of these memories mention it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """What lies around a question."""

    memories: Sequence[AroundMemory]
    """Best first."""
    entities: Sequence[AroundEntity]
    """Most telling first."""
    named: Sequence[EntityForm]
    """Entities of the bank that the question names, whether or not these memories mention them."""
    entities_left_out: int
    """How many more entities these memories mention."""


class Graph:
    """Reads graphs; every memory shown is re-read from its row."""

    def __init__(self, store: Store, graphs: GraphArm, recall: LoggedRecall) -> None:
        self._store = store
        self._graphs = graphs
        self._recall = recall
        self._once = Once(store=store, result=TypeAdapter(Job), bank_of=lambda job: job.bank_id)

    async def statistics(self, caller: Caller, bank: BankReference) -> GraphStatistics:
        """Return how large the graph is."""
        _, graph = await self._open(caller, bank)
        return GraphStatistics(
            memories=len(graph),
            entities=graph.entity_count,
            mentions=graph.mention_count,
            nbytes=graph.nbytes,
        )

    async def entities(
        self, caller: Caller, bank: BankReference, containing: str | None, page: PageRequest
    ) -> Page[Entity]:
        """Return entities, most mentioned first; ``containing`` is read as a name."""
        bank_id, graph = await self._open(caller, bank)
        wanted = entity_form(containing) if containing else EntityForm("")
        if wanted is None:
            return Page(items=[], next_cursor=None)
        start = offset_of(page.cursor)
        found = graph.entities(wanted)[start : start + page.limit + 1]
        entities = await self._described(caller, bank_id, graph, found)
        cursors = [str(start + no + 1) for no in range(len(entities))]
        return cut_page(entities, page, cursors)

    async def entity(
        self, caller: Caller, bank: BankReference, name: str, *, most: int
    ) -> EntityDetail:
        """Return an entity with up to ``most`` memories and neighbours of it.

        Raises ``EntityNotFoundError``.
        """
        bank_id, graph = await self._open(caller, bank)
        form, *others = _known_all(graph, name)
        ids = graph.memories_of(form)
        shared: Counter[EntityForm] = Counter()
        for memory_id in ids[:_WIDEST]:
            shared.update(graph.mentions_of(memory_id).keys())
        del shared[form]
        ranked = sorted(shared.items(), key=lambda each: (-each[1], each[0]))[:most]
        async with self._store.read(caller.tenant_id) as tx:
            rows = await tx.memories.fetch(bank_id, ids[:most])
        described = await self._described(caller, bank_id, graph, [(form, len(ids)), *ranked])
        return EntityDetail(
            entity=described[0],
            memories=[rows[each] for each in ids[:most] if each in rows],
            neighbours=described[1:],
            homonyms=others,
        )

    async def path(
        self, caller: Caller, bank: BankReference, start: str, end: str
    ) -> Sequence[tuple[EntityForm, MemoryId | None]]:
        """Return a shortest way between two entities, each with the memory that leads to the next.

        Empty if there is none. Raises ``EntityNotFoundError``.
        """
        _, graph = await self._open(caller, bank)
        return _shortest_path(graph, _known(graph, start), _known(graph, end))

    async def around(
        self, caller: Caller, bank: BankReference, question: str, *, memories: int, entities: int
    ) -> Subgraph:
        """Return the ``memories`` that a question brings first with what they mention.

        At most ``entities`` are told, with how many more there are. The recall is not recorded and
        makes nothing stronger. Raises what ``Recall`` raises.
        """
        query = RecallQuery(text=question, k=memories, record=False, reinforce=False)
        answer = await self._recall(caller, bank, query)
        bank_id, graph = await self._open(caller, bank)
        mentions = {hit.memory.id: graph.mentions_of(hit.memory.id) for hit in answer.hits}
        here, counts = _most_telling(graph, mentions)
        chosen = [(form, counts[form]) for form in here][:entities]
        kept = {form for form, _ in chosen}
        named = graph.meant(extract_entities(question).mentions)
        known = graph.counts(named)
        return Subgraph(
            memories=[
                AroundMemory(
                    memory=hit.memory,
                    score=hit.score,
                    entities=sorted(
                        pair for pair in mentions[hit.memory.id].items() if pair[0] in kept
                    ),
                )
                for hit in answer.hits
            ],
            entities=[
                AroundEntity(entity=each, here=here[each.form])
                for each in await self._described(caller, bank_id, graph, chosen)
            ],
            named=[form for form in named if form in known],
            entities_left_out=len(here) - len(chosen),
        )

    async def mentions(
        self, caller: Caller, bank: BankReference, page: PageRequest
    ) -> Page[Mentioning]:
        """Return memories with their entities, oldest first: the whole graph, page by page."""
        _, graph = await self._open(caller, bank)
        after = None if page.cursor is None else MemoryId(_uuid(page.cursor))
        found = [
            Mentioning(
                memory_id=memory_id,
                entities=sorted(extracted.mentions.items()),
                subjects=sorted(extracted.subjects),
            )
            for memory_id, extracted in graph.memories(after, page.limit + 1)
        ]
        return cut_page(found, page, [str(each.memory_id) for each in found])

    async def rebuild(
        self, caller: Caller, bank: BankReference, key: RequestKey | None = None
    ) -> Outcome[Job]:
        """Start to read the entities of memories that have none, or have older rules'."""

        async def work(tx: WriteTransaction) -> Job:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            return await tx.jobs.add_once(NewJob(kind=JobKind.READ_ENTITIES, bank_id=bank_id))

        return await self._once.run(caller, key, work)

    async def _described(
        self,
        caller: Caller,
        bank_id: BankId,
        graph: MemoryGraph,
        found: Sequence[tuple[EntityForm, int]],
    ) -> list[Entity]:
        """Return entities with their names, types and aliases, as far as these are known."""
        names = {form: graph.other_names(form) for form, _ in found}
        parts = {form: split_name(form) for form, _ in found}
        forms = {EntityForm(form) for form, _ in parts.values()}
        forms |= {name for some in names.values() for name in some}
        async with self._store.read(caller.tenant_id) as tx:
            rows = await tx.entities.of_forms(bank_id, forms)
        stored = {(each.form, each.sort): each for each in rows}
        shown = {each.form: each for each in rows}
        entities = []
        for node, count in found:
            form, sort = parts[node]
            known = stored.get((EntityForm(form), sort)) or shown.get(EntityForm(form))
            sorts = [str(sort)] if sort else graph.sorts_of(EntityForm(form))
            type_ = known.type if known and known.type else next(iter(sorts), None)
            aliases = [shown[each].name if each in shown else each for each in names[node]]
            entities.append(
                Entity(
                    form=node,
                    memories=count,
                    name=None if known is None else known.name,
                    type=type_ if len(sorts) < 2 else None,  # noqa: PLR2004 — of both, or neither
                    aliases=aliases,
                )
            )
        return entities

    async def _open(self, caller: Caller, bank: BankReference) -> tuple[BankId, MemoryGraph]:
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
        graph = await self._graphs.graph(found.scope)
        assert graph is not None  # noqa: S101 — without a limit it is waited for
        return found.scope.bank_id, graph


def _known(graph: MemoryGraph, name: str) -> EntityForm:
    return _known_all(graph, name)[0]


def _known_all(graph: MemoryGraph, name: str) -> list[EntityForm]:
    """Return the entities of a name, the one that most memories mention first.

    "Mercury (celestial)" is one of several. Raises ``EntityNotFoundError``.
    """
    written, sort = split_name(name.strip())
    told = entity_form(written) if sort else None
    if told is not None and sort is not None:
        node = EntityForm(sorted_name(told, Sort(sort.casefold())))
        if graph.memories_of(node):
            return [node]
    form = entity_form(name)
    meant = [] if form is None else graph.meant([form])
    counted = [(len(graph.memories_of(each)), each) for each in meant]
    known = sorted(((-count, each) for count, each in counted if count))
    if not known:
        raise EntityNotFoundError(entity=name)
    return [each for _, each in known]


def _most_telling(
    graph: MemoryGraph, mentions: Mapping[MemoryId, Mapping[EntityForm, int]]
) -> tuple[dict[EntityForm, int], Mapping[EntityForm, int]]:
    """Return of each entity how many of the memories mention it, and how many of the bank's do.

    Those of most of the memories come first, then the rarest of the bank, then by name. What has
    left the bank meanwhile is left out.
    """
    here = Counter(form for forms in mentions.values() for form in forms)
    counts = graph.counts(here)
    ranked = sorted(counts, key=lambda form: (-here[form], counts[form], form))
    return {form: here[form] for form in ranked}, counts


def _shortest_path(
    graph: MemoryGraph, start: EntityForm, end: EntityForm
) -> list[tuple[EntityForm, MemoryId | None]]:
    """Search breadth first over entities that share a memory."""
    came_from: dict[EntityForm, tuple[EntityForm, MemoryId] | None] = {start: None}
    waiting = deque([start])
    while waiting and end not in came_from and len(came_from) < _MOST_VISITED:
        here = waiting.popleft()
        memories = graph.memories_of(here)
        if len(memories) > _WIDEST and here not in {start, end}:
            continue
        for memory_id in memories[:_WIDEST]:
            for other in sorted(graph.mentions_of(memory_id)):
                if other not in came_from:
                    came_from[other] = here, memory_id
                    waiting.append(other)
    if end not in came_from:
        return []
    path: list[tuple[EntityForm, MemoryId | None]] = [(end, None)]
    step = came_from[end]
    while step is not None:
        before, memory_id = step
        path.append((before, memory_id))
        step = came_from[before]
    return path[::-1]


def _uuid(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequestError("The cursor is not one this listing gave out.") from error
