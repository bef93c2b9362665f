"""The clock of production."""

from datetime import UTC, datetime


class SystemClock:
    """Reads the machine's clock."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)  # noqa: TID251 — the one place that reads it
