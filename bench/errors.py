"""What stops a benchmark, told in one line."""


class BenchError(Exception):
    """A benchmark cannot go on; the message says why and what to do."""
