"""Operations: probes, metrics, version."""

from fastapi import APIRouter, Request, Response, status

from memsvc.api.dependencies import BacklogUseCase, CurrentCaller, HealthUseCase
from memsvc.api.documentation import access_problems
from memsvc.api.schemas.operations import HealthResponse, ReadinessResponse, VersionResponse
from memsvc.telemetry import METRICS_CONTENT_TYPE, render_metrics

router = APIRouter(tags=["operations"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def get_health() -> HealthResponse:
    """Answer while the process serves requests; needs no key."""
    return HealthResponse()


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    responses={503: {"model": ReadinessResponse, "description": "A check failed"}},
)
async def get_readiness(health: HealthUseCase, response: Response) -> ReadinessResponse:
    """Tell whether the service can do its work, check by check; needs no key."""
    readiness = await health.ready()
    if not readiness.ok:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return ReadinessResponse.of(readiness)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **access_problems(),
    },
)
async def get_metrics(caller: CurrentCaller, backlog: BacklogUseCase) -> Response:
    """Return this process's metrics for Prometheus."""
    await backlog.measure(caller)
    return Response(render_metrics(), media_type=METRICS_CONTENT_TYPE)


@router.get("/v1/version", responses=access_problems())
async def get_version(_caller: CurrentCaller, request: Request) -> VersionResponse:
    """Tell which version is running."""
    return VersionResponse(version=request.app.version)
