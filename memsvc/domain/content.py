"""What makes two texts the same content, and the text that stands for a memory in the indexes."""

import hashlib
import json
import re
from datetime import datetime

from memsvc.domain.context.echoes import without_echoes

_JOINED_NAME = re.compile(r"\b[A-Z][a-z]+(?:-?[A-Z][a-z]+)+\b")
_BETWEEN_NAMES = re.compile(r"(?<=[a-z])-?(?=[A-Z])")


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
    """Return what the encoder sees of a memory: who said it, or what it is part of.

    Questions name people and titles more often than they repeat a turn's own words. Contexts that
    came back are left out: they would be found in place of what they repeat.
    """
    if speaker:
        return f"{speaker}: {without_echoes(text)}"
    return titled_text(text, title)


def lexical_text(text: str, *, speaker: str | None, title: str | None) -> str:
    """Return what the analyzer sees of a memory: a speaker's joined name in its parts as well.

    Who asks about Ada finds what ``AdaLovelace`` said. The encoder is not given the parts: with
    them it found less (decision 0039).
    """
    if speaker:
        speaker = " ".join((speaker, *parts_of_joined_names(speaker)))
    return indexed_text(text, speaker=speaker, title=title)


def parts_of_joined_names(text: str) -> list[str]:
    """Return the parts of names written as one word, in order: of ``AdaLovelace`` both."""
    return [part for name in _JOINED_NAME.findall(text) for part in _BETWEEN_NAMES.split(name)]


def titled_text(text: str, title: str | None) -> str:
    """Return the text, without contexts in it, under the title of what it is part of."""
    own = without_echoes(text)
    return f"{title}\n{own}" if title else own
