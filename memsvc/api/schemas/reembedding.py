"""Bodies about the embedding models of banks."""

from collections.abc import Sequence
from typing import Annotated, Any, Self

from pydantic import Field, StrictBool

from memsvc.api.schemas.fields import RequestModel, ResponseModel
from memsvc.api.schemas.times import UtcTime
from memsvc.domain.bank_models import BankModel, ModelState
from memsvc.services.reembedding import ReembedCommand


class ReembedRequest(RequestModel):
    """Which model to move to: `model`, or `rollback` to the one before."""

    model: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=256,
            description="A name of the service's settings (`default` is the model of new banks),"
            " or a model's own name or id.",
        ),
    ] = None
    rollback: Annotated[
        StrictBool,
        Field(description="Back to the model retired last, while its vectors are kept."),
    ] = False
    least_overlap: Annotated[
        float | None,
        Field(
            ge=0,
            le=1,
            description="Mean share of the nearest ten that both models must find on sampled"
            " texts; the service's setting if not given.",
        ),
    ] = None

    def to_command(self) -> ReembedCommand:
        """Return the command for the use case."""
        return ReembedCommand(
            model=self.model, rollback=self.rollback, least_overlap=self.least_overlap
        )


class BankModelResponse(ResponseModel):
    """One embedding model of a bank."""

    id: str
    dimension: int
    state: ModelState
    created_at: UtcTime
    retired_at: UtcTime | None
    report: Annotated[
        dict[str, Any] | None,
        Field(description="The figures of its last comparison with the model that served then."),
    ]


class BankModelsResponse(ResponseModel):
    """The embedding models of a bank."""

    items: list[BankModelResponse]

    @classmethod
    def of(cls, models: Sequence[BankModel]) -> Self:
        """Render the models."""
        return cls(
            items=[
                BankModelResponse(
                    id=each.model_id,
                    dimension=each.dimension,
                    state=each.state,
                    created_at=each.created_at,
                    retired_at=each.retired_at,
                    report=None if each.report is None else dict(each.report),
                )
                for each in models
            ]
        )
