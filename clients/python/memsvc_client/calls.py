"""The HTTP API, one function for each endpoint; each describes a call and does no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Generic, TypeAlias, TypeVar, Unpack
from urllib.parse import quote
from uuid import UUID

from pydantic import JsonValue

from memsvc_client.consolidation import ConsolidationPlan
from memsvc_client.index_copies import IndexState, IndexVerification, RebuiltIndex
from memsvc_client.models import (
    OPEN_STATES,
    Annotations,
    BankInfo,
    BankModels,
    BatchResult,
    Effect,
    EpisodeBatchResult,
    EpisodeResult,
    Health,
    Job,
    Memory,
    MemoryDetail,
    MemoryResult,
    MemoryVersion,
    Operation,
    Page,
    Readiness,
    Recall,
    ServiceVersion,
)
from memsvc_client.records import Metadata, Record
from memsvc_client.requests import (
    BankChange,
    BankFields,
    Consolidating,
    Document,
    Episode,
    EpisodeFields,
    MemoryChange,
    MemoryFields,
    Message,
    NewBank,
    NewMemory,
    RecallFields,
    RecallQuery,
    Reembedding,
)

Result = TypeVar("Result", bound=Record)
Item = TypeVar("Item", bound=Record)

Reference: TypeAlias = str | UUID
"""How a caller names a thing: its id, or for a bank also its name."""

PAGE_SIZE = 200
"""Items per page of a listing; the service allows 500."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Result]):
    """One request to the service, and the record that its answer holds."""

    method: str
    path: str
    result: type[Result]
    params: Mapping[str, str | int] = field(default_factory=dict)
    json: Mapping[str, JsonValue] | None = None
    mutates: bool = False
    """Whether it needs an Idempotency-Key, so that a repetition does nothing twice."""
    answers: frozenset[int] = frozenset()
    """Error statuses that carry the result all the same."""


def next_page(call: Call[Page[Item]], page: Page[Item]) -> Call[Page[Item]] | None:
    """Return the call for the page after ``page``, or ``None`` after the last one."""
    if not page.has_more or page.next_cursor is None:
        return None
    return replace(call, params={**call.params, "cursor": page.next_cursor})


# --- banks ---------------------------------------------------------------------------------------


def create_bank(name: str, *, exist_ok: bool, **fields: Unpack[BankFields]) -> Call[BankInfo]:
    """Describe the creation of a bank."""
    bank = NewBank(name=name, exist_ok=exist_ok, **fields)
    return Call(method="POST", path="/v1/banks", result=BankInfo, json=bank.to_json(), mutates=True)


def list_banks() -> Call[Page[BankInfo]]:
    """Describe the listing of all banks."""
    return Call(method="GET", path="/v1/banks", result=Page[BankInfo], params={"limit": PAGE_SIZE})


def get_bank(bank: Reference) -> Call[BankInfo]:
    """Describe the reading of a bank."""
    return Call(method="GET", path=_bank(bank), result=BankInfo)


def update_bank(bank: Reference, **fields: Unpack[BankFields]) -> Call[BankInfo]:
    """Describe a change of a bank."""
    change = BankChange(**fields)
    return Call(
        method="PATCH", path=_bank(bank), result=BankInfo, json=change.to_json(), mutates=True
    )


def delete_bank(bank: Reference) -> Call[Job]:
    """Describe the deletion of a bank; the answer is the job of its physical removal."""
    return Call(method="DELETE", path=_bank(bank), result=Job, mutates=True)


def reembed_bank(
    bank: Reference,
    *,
    model: str | None = None,
    rollback: bool = False,
    least_overlap: float | None = None,
) -> Call[Job]:
    """Describe the move of a bank to another embedding model; the answer is its job."""
    move = Reembedding(model=model, rollback=rollback, least_overlap=least_overlap)
    path = f"{_bank(bank)}:reembed"
    return Call(method="POST", path=path, result=Job, json=move.to_json(), mutates=True)


def consolidate_bank(
    bank: Reference, *, stages: Sequence[str] | None = None, retry_set_aside: bool = False
) -> Call[Job]:
    """Describe the consolidating of a bank; the answer is its job."""
    command = Consolidating(stages=stages, retry_set_aside=retry_set_aside)
    path = f"{_bank(bank)}/consolidate"
    return Call(method="POST", path=path, result=Job, json=command.to_json(), mutates=True)


def consolidation_plan(bank: Reference) -> Call[ConsolidationPlan]:
    """Describe the question what consolidating a bank would do now."""
    return Call(method="GET", path=f"{_bank(bank)}/consolidation", result=ConsolidationPlan)


def list_bank_models(bank: Reference) -> Call[BankModels]:
    """Describe the listing of a bank's embedding models."""
    return Call(method="GET", path=f"{_bank(bank)}/models", result=BankModels)


def index_state() -> Call[IndexState]:
    """Describe the reading of what the answering process holds in memory."""
    return Call(method="GET", path="/v1/index", result=IndexState)


def verify_index(bank: Reference) -> Call[IndexVerification]:
    """Describe the comparison of a bank's copy with PostgreSQL."""
    return Call(method="POST", path=f"{_bank(bank)}/index:verify", result=IndexVerification)


def rebuild_index(bank: Reference) -> Call[RebuiltIndex]:
    """Describe the fresh loading of a bank's copy."""
    return Call(method="POST", path=f"{_bank(bank)}/index:rebuild", result=RebuiltIndex)


# --- writing -------------------------------------------------------------------------------------


def add_episode(
    bank: Reference,
    messages: Sequence[Message] | None,
    *,
    document: Document | str | None,
    create: bool,
    **fields: Unpack[EpisodeFields],
) -> Call[EpisodeResult]:
    """Describe the writing of one episode."""
    text = Document(text=document) if isinstance(document, str) else document
    episode = Episode(messages=messages, document=text, **fields)
    return Call(
        method="POST",
        path=f"{_bank(bank)}/episodes",
        result=EpisodeResult,
        params=_creating(create),
        json=episode.to_json(),
        mutates=True,
    )


def add_episodes(
    bank: Reference, episodes: Sequence[Episode], *, create: bool
) -> Call[EpisodeBatchResult]:
    """Describe the writing of many episodes in one transaction."""
    return Call(
        method="POST",
        path=f"{_bank(bank)}/episodes:batch",
        result=EpisodeBatchResult,
        params=_creating(create),
        json={"episodes": [episode.to_json() for episode in episodes]},
        mutates=True,
    )


def add_memory(
    bank: Reference, text: str, *, create: bool, **fields: Unpack[MemoryFields]
) -> Call[MemoryResult]:
    """Describe the writing of one verbatim item."""
    memory = NewMemory(text=text, **fields)
    return Call(
        method="POST",
        path=f"{_bank(bank)}/memories",
        result=MemoryResult,
        params=_creating(create),
        json=memory.to_json(),
        mutates=True,
    )


def add_memories(
    bank: Reference, memories: Sequence[NewMemory], *, create: bool
) -> Call[BatchResult]:
    """Describe the writing of many verbatim items in one transaction."""
    return Call(
        method="POST",
        path=f"{_bank(bank)}/memories:batch",
        result=BatchResult,
        params=_creating(create),
        json={"memories": [memory.to_json() for memory in memories]},
        mutates=True,
    )


# --- reading -------------------------------------------------------------------------------------


def recall(bank: Reference, query: str, **fields: Unpack[RecallFields]) -> Call[Recall]:
    """Describe a question to a bank."""
    question = RecallQuery(query=query, **fields)
    return Call(method="POST", path=f"{_bank(bank)}/recall", result=Recall, json=question.to_json())


def list_memories(
    bank: Reference,
    *,
    kind: str | None = None,
    state: str | None = None,
    speaker: str | None = None,
    session_id: str | None = None,
    source: str | None = None,
) -> Call[Page[Memory]]:
    """Describe the listing of a bank's memories, oldest first."""
    return Call(
        method="GET",
        path=f"{_bank(bank)}/memories",
        result=Page[Memory],
        params=_listing(
            kind=kind, state=state, speaker=speaker, session_id=session_id, source=source
        ),
    )


def get_memory(bank: Reference, memory_id: Reference) -> Call[MemoryDetail]:
    """Describe the reading of one memory."""
    return Call(method="GET", path=_memory(bank, memory_id), result=MemoryDetail)


def list_versions(bank: Reference, memory_id: Reference) -> Call[Page[MemoryVersion]]:
    """Describe the listing of a memory's versions."""
    return Call(
        method="GET",
        path=f"{_memory(bank, memory_id)}/versions",
        result=Page[MemoryVersion],
        params=_listing(),
    )


def list_annotations(bank: Reference, memory_id: Reference) -> Call[Page[Annotations]]:
    """Describe the listing of the versions of a memory's annotations."""
    return Call(
        method="GET",
        path=f"{_memory(bank, memory_id)}/annotations",
        result=Page[Annotations],
        params=_listing(),
    )


def update_memory(
    bank: Reference, memory_id: Reference, *, metadata: Metadata | None, pinned: bool | None
) -> Call[Memory]:
    """Describe a change of a memory's metadata or pin."""
    change = MemoryChange(metadata=metadata, pinned=pinned)
    return Call(
        method="PATCH",
        path=_memory(bank, memory_id),
        result=Memory,
        json=change.to_json(),
        mutates=True,
    )


def archive_memory(bank: Reference, memory_id: Reference) -> Call[Memory]:
    """Describe the archiving of a memory."""
    path = f"{_memory(bank, memory_id)}:archive"
    return Call(method="POST", path=path, result=Memory, mutates=True)


def restore_memory(bank: Reference, memory_id: Reference) -> Call[Memory]:
    """Describe the return of a memory to the active ones."""
    path = f"{_memory(bank, memory_id)}:restore"
    return Call(method="POST", path=path, result=Memory, mutates=True)


# --- history -------------------------------------------------------------------------------------


def list_operations(
    bank: Reference, *, kind: str | None = None, memory_id: Reference | None = None
) -> Call[Page[Operation]]:
    """Describe the listing of what was done to a bank."""
    params = _listing(kind=kind, memory_id=None if memory_id is None else str(memory_id))
    return Call(
        method="GET", path=f"{_bank(bank)}/operations", result=Page[Operation], params=params
    )


def get_operation(bank: Reference, operation_id: Reference) -> Call[Operation]:
    """Describe the reading of one operation."""
    return Call(method="GET", path=_operation(bank, operation_id), result=Operation)


def list_effects(bank: Reference, operation_id: Reference) -> Call[Page[Effect]]:
    """Describe the listing of what an operation changed."""
    path = f"{_operation(bank, operation_id)}/effects"
    return Call(method="GET", path=path, result=Page[Effect], params=_listing())


def undo_operation(bank: Reference, operation_id: Reference) -> Call[Operation]:
    """Describe the undoing of an operation."""
    path = f"{_operation(bank, operation_id)}/undo"
    return Call(method="POST", path=path, result=Operation, mutates=True)


# --- jobs ----------------------------------------------------------------------------------------


def list_jobs(
    *, state: str | None = None, kind: str | None = None, bank: Reference | None = None
) -> Call[Page[Job]]:
    """Describe the listing of jobs."""
    return Call(
        method="GET",
        path="/v1/jobs",
        result=Page[Job],
        params=_listing(state=state, kind=kind, bank=None if bank is None else str(bank)),
    )


def find_open_jobs(bank: Reference | None = None) -> tuple[Call[Page[Job]], ...]:
    """Describe the calls which together find an open job if there is one.

    A listing knows one state, and a job may change its state between two calls: the states are
    asked for twice, so that one that moves against the order is met in the second round.
    """
    rounds = OPEN_STATES * 2
    listings = [list_jobs(state=state, bank=bank) for state in rounds]
    return tuple(replace(call, params={**call.params, "limit": 1}) for call in listings)


def get_job(job_id: Reference) -> Call[Job]:
    """Describe the reading of one job."""
    return Call(method="GET", path=f"/v1/jobs/{_segment(job_id)}", result=Job)


def retry_job(job_id: Reference) -> Call[Job]:
    """Describe a new start of a job that has stopped."""
    path = f"/v1/jobs/{_segment(job_id)}:retry"
    return Call(method="POST", path=path, result=Job, mutates=True)


def cancel_job(job_id: Reference) -> Call[Job]:
    """Describe the giving up of a job."""
    path = f"/v1/jobs/{_segment(job_id)}:cancel"
    return Call(method="POST", path=path, result=Job, mutates=True)


# --- operations ----------------------------------------------------------------------------------


def health() -> Call[Health]:
    """Describe the question whether the process lives."""
    return Call(method="GET", path="/healthz", result=Health)


def ready() -> Call[Readiness]:
    """Describe the question whether the service can work; "no" is an answer, not an error."""
    return Call(
        method="GET",
        path="/readyz",
        result=Readiness,
        answers=frozenset({HTTPStatus.SERVICE_UNAVAILABLE}),
    )


def version() -> Call[ServiceVersion]:
    """Describe the question what the service runs."""
    return Call(method="GET", path="/v1/version", result=ServiceVersion)


def _bank(bank: Reference) -> str:
    return f"/v1/banks/{_segment(bank)}"


def _operation(bank: Reference, operation_id: Reference) -> str:
    return f"{_bank(bank)}/operations/{_segment(operation_id)}"


def _memory(bank: Reference, memory_id: Reference) -> str:
    return f"{_bank(bank)}/memories/{_segment(memory_id)}"


def _segment(reference: Reference) -> str:
    """Return ``reference`` as one segment of a path, whatever is in it."""
    text = str(reference)
    if text in {"", ".", ".."}:  # these would name another path
        raise ValueError(f"{text!r} is neither a name nor an id")
    return quote(text, safe="")


def _creating(create: bool) -> dict[str, str | int]:
    return {"create": "true"} if create else {}


def _listing(**narrowing: str | None) -> dict[str, str | int]:
    given = {key: value for key, value in narrowing.items() if value is not None}
    return {"limit": PAGE_SIZE, **given}
