"""What makes two texts the same content, and the text that stands for a memory in the indexes."""

import hashlib
import json
from datetime import datetime


def content_hash(
    text: str,
    speaker: str | None,
    occurred_at: datetime | None,
    expires_at: datetime | None = None,
) -> str:
    """Return the SHA-256 (hex) of what a caller said: text, speaker and, if given, times.

    The times are the caller's own values, not defaults, so that sending an item again without
    them is the same content again.
    """
    times = [
        None if instant is None else instant.timestamp() for instant in (occurred_at, expires_at)
    ]
    canonical = json.dumps([text, speaker, *times], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def indexed_text(text: str, *, speaker: str | None, title: str | None) -> str:
    """Return what encoder and analyzer see of a memory: who said it, or what it is part of.

    Questions name people and titles more often than they repeat a turn's own words.
    """
    if speaker:
        return f"{speaker}: {text}"
    return titled_text(text, title)


def titled_text(text: str, title: str | None) -> str:
    """Return the text under the title of what it is part of."""
    return f"{title}\n{text}" if title else text
