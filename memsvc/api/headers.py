"""Headers that tell what an answer took, so that a proxy or log need not read its body."""

from collections.abc import Mapping


def server_timing(took_ms: Mapping[str, float]) -> str:
    """Return milliseconds by stage as the value of `Server-Timing`."""
    return ", ".join(f"{stage};dur={spent:.1f}" for stage, spent in took_ms.items())
