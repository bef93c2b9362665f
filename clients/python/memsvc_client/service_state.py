"""How the service as a whole does."""

from collections.abc import Mapping

from memsvc_client.records import Record


class Health(Record):
    """The service's process answers."""

    status: str


class Check(Record):
    """The result of one readiness check."""

    ok: bool
    detail: str | None = None
    """What is missing."""


class Readiness(Record):
    """Whether the service can do its work, and what it looked at."""

    status: str
    """``ready`` or ``not_ready``."""
    checks: Mapping[str, Check]
    """By part: database, migrations, embedder, index, worker."""

    @property
    def is_ready(self) -> bool:
        """Whether every check passed."""
        return all(check.ok for check in self.checks.values())


class ServiceVersion(Record):
    """What the service runs."""

    version: str
    api: str
    """Version of the HTTP API, such as ``v1``."""
