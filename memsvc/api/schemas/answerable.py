"""Whether a question is answered by what was found, on the wire."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StrictBool

from memsvc.api.schemas.fields import ResponseModel
from memsvc.api.schemas.times import UtcTime
from memsvc.services.recalling.answerable import Answerability

AnswerableField = Annotated[
    StrictBool,
    Field(description="Also judge whether what was found answers the question."),
]


class AnswerableResponse(ResponseModel):
    """Whether what was found answers the question."""

    probability: Annotated[
        float | None, Field(ge=0, le=1, description="Null if it could not be judged.")
    ]
    uncalibrated: Annotated[
        float | None,
        Field(description="As the model has it; differs where the bank's calibration was used."),
    ]
    is_answerable: Annotated[
        bool | None,
        Field(description="Whether the probability reaches the threshold: the bank's, if used."),
    ]
    statement: Annotated[
        str | None,
        Field(description="A sentence: what nothing is stored about, and what is closest."),
    ]
    missing: Annotated[
        list[str], Field(description="Rare words of the question that no good candidate holds.")
    ]
    closest: Annotated[UUID | None, Field(description="The best candidate.")]
    reason: Annotated[str | None, Field(description="Why it could not be judged.")]
    model: Annotated[str, Field(description="The training whose weights were used.")]
    calibrated_at: Annotated[
        UtcTime | None, Field(description="When the bank's calibration was made, if it was used.")
    ]
    note: Annotated[
        str | None, Field(description="Why a calibration was not used that the bank has.")
    ]
    features: Annotated[
        dict[str, float] | None, Field(description="What was weighed; with `explain` only.")
    ]

    @classmethod
    def of_asked(cls, judged: Answerability | None, *, explain: bool) -> Self | None:
        """Render a judgement, if one was asked for."""
        if judged is None:
            return None
        verdict = judged.verdict
        return cls(
            probability=None if verdict is None else verdict.probability,
            uncalibrated=None if verdict is None else verdict.uncalibrated,
            is_answerable=None if verdict is None else verdict.is_answerable,
            statement=judged.statement,
            missing=[] if verdict is None else list(verdict.missing),
            closest=judged.closest,
            reason=judged.reason,
            model=judged.model,
            calibrated_at=judged.calibrated_at,
            note=judged.note,
            features=None if verdict is None or not explain else dict(verdict.features),
        )
