"""What the use cases answer, and how they were called."""

from dataclasses import dataclass, field
from typing import Any

from memsvc.services.commands import (
    RequestKey,
)
from memsvc.services.idempotency import Outcome


@dataclass(slots=True)
class Script:
    """What the use cases answer, and how they were called."""

    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    error: Exception | None = None
    replayed: bool = False
    answers: dict[str, Any] = field(default_factory=dict)
    """Instead of the usual answer, by use case."""

    def play(self, use_case: str, answer: Any, *arguments: Any) -> Any:
        self.calls.append((use_case, arguments))
        if self.error is not None:
            raise self.error
        return self.answers.get(use_case, answer)

    def change(self, use_case: str, answer: Any, *arguments: Any) -> Outcome[Any]:
        value = self.play(use_case, answer, *arguments)
        return Outcome(value=value, replayed=self.replayed)

    @property
    def last_use_case(self) -> str:
        return self.calls[-1][0]

    @property
    def last_arguments(self) -> tuple[Any, ...]:
        return self.calls[-1][1]

    @property
    def last_key(self) -> RequestKey | None:
        key: RequestKey | None = self.last_arguments[-1]
        return key
