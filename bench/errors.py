"""What stops a benchmark, told in one line."""


class BenchError(Exception):
    """A benchmark cannot go on; the message says why and what to do."""


class RefusedError(BenchError):
    """A service answered with anything but success."""

    def __init__(self, message: str, status: int) -> None:
        """Keep the status of HTTP."""
        super().__init__(message)
        self.status = status
