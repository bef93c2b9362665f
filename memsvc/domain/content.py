"""What makes two texts the same content, and the text that stands for a memory in the indexes."""

import hashlib
import json
from datetime import datetime


def content_hash(text: str, speaker: str | None, occurred_at: datetime | None) -> str:
    """Return the SHA-256 (hex) of what a caller said: text, speaker and, if given, time.

    ``occurred_at`` is the caller's own value, not a default, so that sending an item again
    without a time is the same content again.
    """
    instant = None if occurred_at is None else occurred_at.timestamp()
    canonical = json.dumps([text, speaker, instant], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def indexed_text(text: str, *, speaker: str | None, title: str | None) -> str:
    """Return what encoder and analyzer see of a memory: who said it, or what it is part of.

    Questions name people and titles more often than they repeat a turn's own words.
    """
    if speaker:
        return f"{speaker}: {text}"
    if title:
        return f"{title}\n{text}"
    return text
