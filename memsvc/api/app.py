"""The HTTP application: use cases behind routes, wrapped in middleware."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from memsvc.api.access import AccessGuard
from memsvc.api.documentation import DESCRIPTION, TAGS, DocumentedApi, operation_id
from memsvc.api.middleware import BodyLimit, RequestContext, TimeLimit
from memsvc.api.problems import problem_response
from memsvc.api.routes import (
    bank_operations,
    banks,
    calibrations,
    consolidation,
    context,
    episodes,
    erasures,
    events,
    facts,
    graph,
    index_upkeep,
    jobs,
    memories,
    operations,
    portraits,
    recall,
    recorded_recalls,
    retention,
    reviews,
    summaries,
    thoughts,
    usage,
)
from memsvc.bootstrap import Application, open_application
from memsvc.settings import ApiSettings, Settings
from memsvc.version import installed_version

Opener: TypeAlias = Callable[[Settings], AbstractAsyncContextManager[Application]]
Lifespan: TypeAlias = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_ROUTERS = (
    banks.router,
    episodes.router,
    consolidation.router,
    memories.router,
    recall.router,
    recorded_recalls.router,
    context.router,
    portraits.router,
    summaries.router,
    events.router,
    retention.router,
    calibrations.router,
    usage.router,
    graph.router,
    facts.router,
    bank_operations.router,
    reviews.router,
    thoughts.router,
    erasures.router,
    jobs.router,
    index_upkeep.router,
    operations.router,
)


def create_app(
    application: Application, settings: ApiSettings, *, api_key: SecretStr | None = None
) -> FastAPI:
    """Return the HTTP face of an application that its caller has opened, and will close."""
    app = _assemble(settings, api_key)
    app.state.application = application
    return app


def create_app_from_settings(settings: Settings, opener: Opener = open_application) -> FastAPI:
    """Return an app that opens its application when it starts, and closes it when it ends.

    For servers that are given an app and nothing else. It works off no background jobs.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opener(settings) as application:
            app.state.application = application
            yield

    return _assemble(settings.api, settings.api_key, lifespan)


def _assemble(
    settings: ApiSettings, api_key: SecretStr | None, lifespan: Lifespan | None = None
) -> FastAPI:
    app = DocumentedApi(
        title="memsvc",
        version=installed_version(),
        description=DESCRIPTION,
        openapi_tags=TAGS,
        redoc_url=None,
        lifespan=lifespan,
        # A redirect would lose the body, and tell less than a 404.
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        exception_handlers={
            RequestValidationError: _answer_problem,
            HTTPException: _answer_problem,
        },
        # Outermost first: what is raised anywhere inside becomes a problem in the first.
        middleware=[
            Middleware(RequestContext),
            Middleware(TimeLimit, limit_s=settings.request_timeout_s),
            Middleware(AccessGuard, api_key=api_key),
            Middleware(BodyLimit, max_bytes=settings.max_body_bytes),
        ],
        # The service has metrics of its own; spans could carry what people asked to be remembered.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for router in _ROUTERS:
        app.include_router(router)
    return app


async def _answer_problem(request: Request, error: Exception) -> Response:
    return problem_response(request.scope, error)
