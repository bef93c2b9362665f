"""Files of things to remember, read line by line: messages, conversation sessions, passages.

Every reader yields records as it goes, so that a file of any size takes no memory to speak of.
What is sent to the service for a record says ``memsvc.cli.conversion``.
"""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TextIO, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from memsvc.cli.published_times import parse_published
from memsvc.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecord:
    """One message of a feed."""

    external_id: str
    """The file's own id, or one made from the content: reading again gives the same."""
    text: str
    speaker: str | None
    occurred_at: datetime | None
    metadata: dict[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord:
    """One turn of a session."""

    id: str
    """Unique within its conversation."""
    speaker: str | None
    text: str
    """What was said and, in brackets after it, the description of a shared image."""
    occurred_at: datetime | None
    """Its own time, else the last one known in the conversation before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """One session of a conversation, its turns in order."""

    conversation_id: str
    session_id: str
    occurred_at: datetime | None
    """When it began: its own time, its first dated turn's, or the conversation's last known."""
    turns: tuple[TurnRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageRecord:
    """One passage of a corpus."""

    id: str
    title: str
    text: str


class _Line(BaseModel):
    """One line of a file; members that are not named here are left alone."""

    # What is read is private: error messages name the place, never the text.
    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, coerce_numbers_to_str=True
    )


class _MessageLine(_Line):
    text: str = Field(min_length=1)
    speaker: str | None = None
    occurred_at: str | None = None
    external_id: str | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class _TurnLine(_Line):
    id: str
    speaker: str | None = None
    text: str = ""
    blip_caption: str | None = None
    datetime: str | None = None


class _SessionLine(_Line):
    conversation_id: str
    session_id: str
    datetime: str | None = None
    turns: tuple[_TurnLine, ...]


class _PassageLine(_Line):
    id: str
    title: str = ""
    text: str


_LineT = TypeVar("_LineT", bound=_Line)


def read_messages(path: Path, *, zone: tzinfo = UTC) -> Iterator[MessageRecord]:
    """Yield the messages of ``{text, speaker?, occurred_at?, external_id?, metadata?}`` lines.

    Times that name no zone are in ``zone``. Raises ``InvalidRequestError``, naming the line.
    """
    seen: Counter[str] = Counter()
    for place, line in _lines(path, _MessageLine):
        yield MessageRecord(
            external_id=line.external_id or _made_id(line, seen),
            text=line.text,
            speaker=line.speaker,
            occurred_at=_time(line.occurred_at, zone, place),
            metadata=line.metadata,
        )


def read_sessions(path: Path, *, zone: tzinfo = UTC) -> Iterator[SessionRecord]:
    """Yield the sessions of a file, or of a folder's ``sessions.jsonl`` or ``sessions.jsonl.gz``.

    A line is ``{conversation_id, session_id, datetime, turns: [{id, speaker, text, blip_caption?,
    datetime?}]}``. Times that name no zone are in ``zone``; a missing one is the last known time
    of the conversation. Raises ``InvalidRequestError``, naming the line.
    """
    last_known: dict[str, datetime | None] = {}
    for place, line in _lines(_file_of(path, "sessions.jsonl"), _SessionLine):
        session = _session(line, last_known.get(line.conversation_id), zone, place)
        latest = session.turns[-1].occurred_at if session.turns else session.occurred_at
        last_known[line.conversation_id] = latest
        yield session


def read_passages(path: Path) -> Iterator[PassageRecord]:
    """Yield the passages ``{id, title, text}`` of a file, or of a folder's ``corpus.jsonl[.gz]``.

    Raises ``InvalidRequestError``, naming the line.
    """
    for _, line in _lines(_file_of(path, "corpus.jsonl"), _PassageLine):
        yield PassageRecord(id=line.id, title=line.title, text=line.text)


def _session(
    line: _SessionLine, last_known: datetime | None, zone: tzinfo, place: str
) -> SessionRecord:
    times = [_time(turn.datetime, zone, place) for turn in line.turns]
    first_dated = next((time for time in times if time is not None), None)
    own = _time(line.datetime, zone, place)
    occurred_at = own or first_dated or last_known
    known = own or last_known or first_dated
    turns: list[TurnRecord] = []
    for turn, time in zip(line.turns, times, strict=True):
        known = time or known
        turns.append(
            TurnRecord(id=turn.id, speaker=turn.speaker, text=_text_of(turn), occurred_at=known)
        )
    return SessionRecord(
        conversation_id=line.conversation_id,
        session_id=line.session_id,
        occurred_at=occurred_at,
        turns=tuple(turns),
    )


def _text_of(turn: _TurnLine) -> str:
    if not turn.blip_caption:
        return turn.text
    return f"{turn.text} [image: {turn.blip_caption}]".lstrip()


def _made_id(line: _MessageLine, seen: Counter[str]) -> str:
    """Return an id that stays when lines are added before or after, also for equal messages."""
    content = json.dumps([line.speaker, line.occurred_at, line.text])
    digest = hashlib.sha256(content.encode()).hexdigest()[:32]
    seen[digest] += 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _time(written: str | None, zone: tzinfo, place: str) -> datetime | None:
    if not written:
        return None
    try:
        return parse_published(written, zone)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"{place}: {error.message}") from error


def _file_of(path: Path, name: str) -> Path:
    """Return ``path``, or the file of this name in the folder ``path``, compressed or not."""
    if not path.is_dir():
        return path
    for candidate in (path / name, path / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise InvalidRequestError(f"{path} holds neither {name} nor {name}.gz.")


def _lines(path: Path, kind: type[_LineT]) -> Iterator[tuple[str, _LineT]]:
    """Yield each line that is not blank, with its place for messages."""
    try:
        with _open(path) as file:
            for number, text in enumerate(file, start=1):
                if text.strip():
                    place = f"{path}, line {number}"
                    yield place, _parse(text, kind, place)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{path} cannot be read: {error}") from error


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def _parse(text: str, kind: type[_LineT], place: str) -> _LineT:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise InvalidRequestError(
            f"{place}: {where + ': ' if where else ''}{first['msg']}"
        ) from error
