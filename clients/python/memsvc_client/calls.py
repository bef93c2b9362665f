"""The HTTP API, one function for each endpoint; each describes a call and does no I/O."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Unpack

from memsvc_client.bank_models import BankModels
from memsvc_client.call import Call, Reference, bank_path, listing, segment
from memsvc_client.index_copies import IndexState, IndexVerification, RebuiltIndex
from memsvc_client.jobs import OPEN_STATES, Job
from memsvc_client.models import (
    BankInfo,
    BatchResult,
    EpisodeBatchResult,
    EpisodeResult,
    Memory,
    MemoryResult,
    MemoryVersion,
    Page,
    Recall,
)
from memsvc_client.records import Metadata
from memsvc_client.requests import (
    BankChange,
    BankChangeFields,
    BankFields,
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
from memsvc_client.service_state import Health, Readiness, ServiceVersion

# --- banks ---------------------------------------------------------------------------------------


def create_bank(name: str, *, exist_ok: bool, **fields: Unpack[BankFields]) -> Call[BankInfo]:
    """Describe the creation of a bank."""
    bank = NewBank(name=name, exist_ok=exist_ok, **fields)
    return Call(method="POST", path="/v1/banks", result=BankInfo, json=bank.to_json(), mutates=True)


def list_banks() -> Call[Page[BankInfo]]:
    """Describe the listing of all banks."""
    return Call(method="GET", path="/v1/banks", result=Page[BankInfo], params=listing())


def get_bank(bank: Reference) -> Call[BankInfo]:
    """Describe the reading of a bank."""
    return Call(method="GET", path=bank_path(bank), result=BankInfo)


def update_bank(bank: Reference, **fields: Unpack[BankChangeFields]) -> Call[BankInfo]:
    """Describe a change of a bank."""
    change = BankChange(**fields)
    return Call(
        method="PATCH", path=bank_path(bank), result=BankInfo, json=change.to_json(), mutates=True
    )


def delete_bank(bank: Reference) -> Call[Job]:
    """Describe the deletion of a bank; the answer is the job of its physical removal."""
    return Call(method="DELETE", path=bank_path(bank), result=Job, mutates=True)


def reembed_bank(
    bank: Reference,
    *,
    model: str | None = None,
    rollback: bool = False,
    least_overlap: float | None = None,
) -> Call[Job]:
    """Describe the move of a bank to another embedding model; the answer is its job."""
    move = Reembedding(model=model, rollback=rollback, least_overlap=least_overlap)
    path = f"{bank_path(bank)}:reembed"
    return Call(method="POST", path=path, result=Job, json=move.to_json(), mutates=True)


def list_bank_models(bank: Reference) -> Call[BankModels]:
    """Describe the listing of a bank's embedding models."""
    return Call(method="GET", path=f"{bank_path(bank)}/models", result=BankModels)


def index_state() -> Call[IndexState]:
    """Describe the reading of what the answering process holds in memory."""
    return Call(method="GET", path="/v1/index", result=IndexState)


def verify_index(bank: Reference) -> Call[IndexVerification]:
    """Describe the comparison of a bank's copy with PostgreSQL."""
    return Call(method="POST", path=f"{bank_path(bank)}/index:verify", result=IndexVerification)


def rebuild_index(bank: Reference) -> Call[RebuiltIndex]:
    """Describe the fresh loading of a bank's copy."""
    return Call(method="POST", path=f"{bank_path(bank)}/index:rebuild", result=RebuiltIndex)


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
        path=f"{bank_path(bank)}/episodes",
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
        path=f"{bank_path(bank)}/episodes:batch",
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
        path=f"{bank_path(bank)}/memories",
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
        path=f"{bank_path(bank)}/memories:batch",
        result=BatchResult,
        params=_creating(create),
        json={"memories": [memory.to_json() for memory in memories]},
        mutates=True,
    )


# --- reading -------------------------------------------------------------------------------------


def recall(bank: Reference, query: str, **fields: Unpack[RecallFields]) -> Call[Recall]:
    """Describe a question to a bank."""
    question = RecallQuery(query=query, **fields)
    return Call(
        method="POST", path=f"{bank_path(bank)}/recall", result=Recall, json=question.to_json()
    )


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
        path=f"{bank_path(bank)}/memories",
        result=Page[Memory],
        params=listing(
            kind=kind, state=state, speaker=speaker, session_id=session_id, source=source
        ),
    )


def list_versions(bank: Reference, memory_id: Reference) -> Call[Page[MemoryVersion]]:
    """Describe the listing of a memory's versions."""
    return Call(
        method="GET",
        path=f"{_memory(bank, memory_id)}/versions",
        result=Page[MemoryVersion],
        params=listing(),
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


# --- jobs ----------------------------------------------------------------------------------------


def list_jobs(
    *, state: str | None = None, kind: str | None = None, bank: Reference | None = None
) -> Call[Page[Job]]:
    """Describe the listing of jobs."""
    return Call(
        method="GET",
        path="/v1/jobs",
        result=Page[Job],
        params=listing(state=state, kind=kind, bank=None if bank is None else str(bank)),
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
    return Call(method="GET", path=f"/v1/jobs/{segment(job_id)}", result=Job)


def retry_job(job_id: Reference) -> Call[Job]:
    """Describe a new start of a job that has stopped."""
    path = f"/v1/jobs/{segment(job_id)}:retry"
    return Call(method="POST", path=path, result=Job, mutates=True)


def cancel_job(job_id: Reference) -> Call[Job]:
    """Describe the giving up of a job."""
    path = f"/v1/jobs/{segment(job_id)}:cancel"
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


def _memory(bank: Reference, memory_id: Reference) -> str:
    return f"{bank_path(bank)}/memories/{segment(memory_id)}"


def _creating(create: bool) -> dict[str, str | int]:
    return {"create": "true"} if create else {}
