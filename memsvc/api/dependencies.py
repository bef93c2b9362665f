"""What routes ask for by type: use cases, the caller, the bank, the idempotency key."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast
from urllib.parse import urlencode

from fastapi import Depends, Header, Path, Query, Request, Response, Security
from fastapi.security import HTTPBearer

from memsvc.api.schemas import limits
from memsvc.api.schemas.fields import BANK_NAME_PATTERN
from memsvc.bootstrap import Application
from memsvc.services.banks import Banks
from memsvc.services.calibrations import Calibrations
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.decay_replay import DecayReplay
from memsvc.services.erasing.erase import Erase
from memsvc.services.events import Events
from memsvc.services.facts import Facts
from memsvc.services.giving import GiveFacts
from memsvc.services.graph import Graph
from memsvc.services.health import Health
from memsvc.services.idempotency import Outcome
from memsvc.services.index_upkeep import IndexUpkeep
from memsvc.services.jobs import Jobs
from memsvc.services.memories import Memories
from memsvc.services.memory_details import MemoryDetails
from memsvc.services.model_calls import ModelCalls
from memsvc.services.operations import Operations
from memsvc.services.organising.backlog import Backlog
from memsvc.services.organising.consolidate import Consolidation
from memsvc.services.portraits import Portraits
from memsvc.services.recalling.recording import LoggedContext, LoggedRecall, RecordedRecalls
from memsvc.services.recalling.replaying import Replay
from memsvc.services.reembedding import Reembedding
from memsvc.services.reinforcing import Feedback
from memsvc.services.remember import Remember
from memsvc.services.retention import Retention
from memsvc.services.reviews import Reviews
from memsvc.services.summaries import Summaries
from memsvc.services.thoughts import Thoughts

REPLAY_HEADER = "Idempotent-Replay"
_ACTOR = "api"

Result = TypeVar("Result")


def application_of(request: Request) -> Application:
    """Return the application that serves this request."""
    return cast("Application", request.app.state.application)


async def _banks(request: Request) -> Banks:
    return application_of(request).banks


async def _remember(request: Request) -> Remember:
    return application_of(request).remember


async def _recall(request: Request) -> LoggedRecall:
    return application_of(request).recall


async def _recorded_recalls(request: Request) -> RecordedRecalls:
    return application_of(request).recorded_recalls


async def _feedback(request: Request) -> Feedback:
    return application_of(request).feedback


async def _replay(request: Request) -> Replay:
    return application_of(request).replay


async def _context(request: Request) -> LoggedContext:
    return application_of(request).compose_context


async def _consolidation(request: Request) -> Consolidation:
    return application_of(request).consolidation


async def _memory_details(request: Request) -> MemoryDetails:
    return application_of(request).memory_details


async def _memories(request: Request) -> Memories:
    return application_of(request).memories


async def _jobs(request: Request) -> Jobs:
    return application_of(request).jobs


async def _reembedding(request: Request) -> Reembedding:
    return application_of(request).reembedding


async def _index_upkeep(request: Request) -> IndexUpkeep:
    return application_of(request).index_upkeep


async def _operations(request: Request) -> Operations:
    return application_of(request).operations


async def _reviews(request: Request) -> Reviews:
    return application_of(request).reviews


async def _summaries(request: Request) -> Summaries:
    return application_of(request).summaries


async def _events(request: Request) -> Events:
    return application_of(request).events


async def _thoughts(request: Request) -> Thoughts:
    return application_of(request).thoughts


async def _facts(request: Request) -> Facts:
    return application_of(request).facts


async def _give_facts(request: Request) -> GiveFacts:
    return application_of(request).give_facts


async def _portraits(request: Request) -> Portraits:
    return application_of(request).portraits


async def _retention(request: Request) -> Retention:
    return application_of(request).retention


async def _calibrations(request: Request) -> Calibrations:
    return application_of(request).calibrations


async def _erase(request: Request) -> Erase:
    return application_of(request).erase


async def _decay_replay(request: Request) -> DecayReplay:
    return application_of(request).decay_replay


async def _graph(request: Request) -> Graph:
    return application_of(request).graph


async def _model_calls(request: Request) -> ModelCalls:
    return application_of(request).model_calls


async def _backlog(request: Request) -> Backlog:
    return application_of(request).backlog


async def _health(request: Request) -> Health:
    return application_of(request).health


BanksUseCase = Annotated[Banks, Depends(_banks)]
RememberUseCase = Annotated[Remember, Depends(_remember)]
ReembeddingUseCase = Annotated[Reembedding, Depends(_reembedding)]
RecallUseCase = Annotated[LoggedRecall, Depends(_recall)]
RecordedRecallsUseCase = Annotated[RecordedRecalls, Depends(_recorded_recalls)]
FeedbackUseCase = Annotated[Feedback, Depends(_feedback)]
ReplayUseCase = Annotated[Replay, Depends(_replay)]
ContextUseCase = Annotated[LoggedContext, Depends(_context)]
ConsolidationUseCase = Annotated[Consolidation, Depends(_consolidation)]
MemoryDetailsUseCase = Annotated[MemoryDetails, Depends(_memory_details)]
MemoriesUseCase = Annotated[Memories, Depends(_memories)]
JobsUseCase = Annotated[Jobs, Depends(_jobs)]
IndexUpkeepUseCase = Annotated[IndexUpkeep, Depends(_index_upkeep)]
ReviewsUseCase = Annotated[Reviews, Depends(_reviews)]
SummariesUseCase = Annotated[Summaries, Depends(_summaries)]
EventsUseCase = Annotated[Events, Depends(_events)]
ThoughtsUseCase = Annotated[Thoughts, Depends(_thoughts)]
FactsUseCase = Annotated[Facts, Depends(_facts)]
GiveFactsUseCase = Annotated[GiveFacts, Depends(_give_facts)]
PortraitsUseCase = Annotated[Portraits, Depends(_portraits)]
OperationsUseCase = Annotated[Operations, Depends(_operations)]
RetentionUseCase = Annotated[Retention, Depends(_retention)]
CalibrationsUseCase = Annotated[Calibrations, Depends(_calibrations)]
EraseUseCase = Annotated[Erase, Depends(_erase)]
DecayReplayUseCase = Annotated[DecayReplay, Depends(_decay_replay)]
GraphUseCase = Annotated[Graph, Depends(_graph)]
ModelCallsUseCase = Annotated[ModelCalls, Depends(_model_calls)]
BacklogUseCase = Annotated[Backlog, Depends(_backlog)]
HealthUseCase = Annotated[Health, Depends(_health)]

_bearer = HTTPBearer(
    auto_error=False, description="The key of `MEMSVC_API_KEY`; none is needed when it is not set."
)


# The access guard has checked the key already, before the body was read; the scheme stands here
# for the OpenAPI document.
async def _caller(request: Request, _key: Annotated[object, Security(_bearer)]) -> Caller:
    return Caller(tenant_id=application_of(request).default_tenant, actor=_ACTOR)


CurrentCaller = Annotated[Caller, Depends(_caller)]

_BankPath = Annotated[
    str, Path(pattern=BANK_NAME_PATTERN, description="Name or id of a bank.", examples=["ada"])
]


async def _bank(bank: _BankPath) -> BankReference:
    return BankReference(value=bank)


async def _bank_to_write(
    bank: _BankPath,
    create: Annotated[bool, Query(description="Make the bank if there is none.")] = False,
) -> BankReference:
    return BankReference(value=bank, create=create)


Bank = Annotated[BankReference, Depends(_bank)]
BankToWrite = Annotated[BankReference, Depends(_bank_to_write)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """The key of this request, and how its answer says that it was given before."""

    key: RequestKey | None
    response: Response

    def settle(self, outcome: Outcome[Result]) -> Result:
        """Return the outcome's value; mark the response if an earlier request had made it."""
        if outcome.replayed:
            self.response.headers[REPLAY_HEADER] = "true"
        return outcome.value


async def _idempotency(
    request: Request,
    response: Response,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=rf"^[!-~]{{1,{limits.IDEMPOTENCY_KEY_CHARS}}}$",
            description="Kept for 24 hours per route: sent again with the same body, the request "
            "does nothing and gets the first answer, marked by `Idempotent-Replay: true`.",
        ),
    ] = None,
) -> Idempotency:
    if idempotency_key is None:
        return Idempotency(key=None, response=response)
    key = RequestKey(
        route=_route_of(request),
        key=idempotency_key,
        body_hash=await _request_hash(request),
    )
    return Idempotency(key=key, response=response)


def _route_of(request: Request) -> str:
    """Return the method with a digest of the path.

    Paths name banks and memories, and a key outlives what it was used to erase.
    """
    return f"{request.method} {hashlib.sha256(request.url.path.encode()).hexdigest()}"


async def _request_hash(request: Request) -> str:
    query = urlencode(sorted(request.query_params.multi_items()))
    return hashlib.sha256(query.encode() + b"\0" + await request.body()).hexdigest()


IdempotencyKey = Annotated[Idempotency, Depends(_idempotency)]
