"""What every record of this package shares: a base for each direction."""

from collections.abc import Mapping
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

Metadata: TypeAlias = Mapping[str, JsonValue]
"""The caller's own key-value data; stored and filtered by the service, not interpreted, but for the
number ``importance`` where its settings say so."""


class Record(BaseModel):
    """Something the service answers; members that this version does not know are ignored."""

    # Texts of memories stay out of error messages, which end up in logs.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Body(BaseModel):
    """Something sent to the service; misspelt members are refused here already."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def to_json(self) -> dict[str, JsonValue]:
        """Return the JSON object to send, without what was not given.

        A ``None`` inside metadata stays: in a merge patch it removes a key.
        """
        body: dict[str, JsonValue] = self.model_dump(mode="json", exclude_none=True)
        return body
