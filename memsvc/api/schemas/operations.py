"""Bodies of the operational routes."""

from typing import Annotated, Literal, Self

from pydantic import Field

from memsvc.api.schemas.fields import ResponseModel
from memsvc.services.health import Readiness


class HealthResponse(ResponseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class CheckResponse(ResponseModel):
    """The result of one readiness check."""

    ok: bool
    detail: str | None


class ReadinessResponse(ResponseModel):
    """Whether the service can do its work, and what it looked at."""

    status: Literal["ready", "not_ready"]
    checks: Annotated[
        dict[str, CheckResponse],
        Field(description="By name: `database`, `migrations`, `embedder`, `index`, `worker`."),
    ]

    @classmethod
    def of(cls, readiness: Readiness) -> Self:
        """Render the checks."""
        return cls(
            status="ready" if readiness.ok else "not_ready",
            checks={
                name: CheckResponse(ok=check.ok, detail=check.detail)
                for name, check in readiness.checks.items()
            },
        )


class VersionResponse(ResponseModel):
    """What is running."""

    version: Annotated[str, Field(examples=["0.1.0"])]
    api: Literal["v1"] = "v1"
