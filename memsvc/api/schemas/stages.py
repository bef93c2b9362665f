"""Optional stages of recall, as recalls and contexts ask for them."""

from typing import Annotated

from pydantic import Field, StrictFloat, StrictInt

DiversityField = Annotated[
    StrictFloat | StrictInt | None,
    Field(
        ge=0,
        le=1,
        description="Share of its score that a near-duplicate of a better hit loses (same "
        "speaker, nearly the same words, no other number or negation); by default the "
        "service's setting.",
    ),
]
