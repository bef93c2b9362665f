"""The body of every answer that is not a success (RFC 9457)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class InvalidField(BaseModel):
    """One thing that is wrong with a request."""

    loc: Annotated[
        list[str | int],
        Field(
            description="Where: `body`, `query`, `path` or `header`, then the way to the field.",
            examples=[["body", "messages", 0, "text"]],
        ),
    ]
    msg: Annotated[str, Field(examples=["Field required"])]


class Problem(BaseModel):
    """What went wrong. Further members, named by the code, may follow."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(examples=["urn:memsvc:problem:bank_not_found"])]
    title: Annotated[str, Field(examples=["Bank not found"])]
    status: Annotated[int, Field(examples=[404])]
    detail: Annotated[str, Field(description="For people; its wording may change.")]
    code: Annotated[str, Field(description="For programs; stable.", examples=["bank_not_found"])]
    request_id: Annotated[str, Field(description="Quote it to find the request in the logs.")]
    errors: Annotated[
        list[InvalidField] | None, Field(description="With `invalid_request`: every fault found.")
    ] = None
