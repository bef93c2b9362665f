"""From the records of a file to the requests that load them."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from memsvc_client import Episode, Message, NewMemory

from memsvc.cli.conversion import episode_of, feed_of, memories_of
from memsvc.cli.failures import CommandError
from memsvc.cli.formats import read_messages, read_passages, read_sessions

_BATCH_CHARS = 400_000
"""Texts of one request: about 100,000 tokens, which a small machine embeds within a minute."""
_NAME_CHARS = 128


class Format(StrEnum):
    """What a file holds."""

    MESSAGES = "messages"
    SESSIONS = "sessions"
    PASSAGES = "passages"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What to load, and how."""

    path: Path
    format: Format
    zone: tzinfo
    source: str
    """Name of the feed that messages and passages come from."""
    batch: int
    """Messages or passages of one request."""
    limit: int | None
    """Lines to take."""
    by_conversation: bool
    """Whether every conversation gets a bank of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """The least that is sent as a whole: a stretch of one conversation, or a passage."""

    conversation_id: str | None
    content: Episode | NewMemory

    @property
    def source(self) -> str | None:
        """The episode it continues: a request may hold one piece of each."""
        return self.content.source if isinstance(self.content, Episode) else None

    @property
    def count(self) -> int:
        """Messages or passages."""
        return len(self.content.messages or ()) if isinstance(self.content, Episode) else 1

    @property
    def chars(self) -> int:
        """Length of its texts."""
        if isinstance(self.content, Episode):
            return sum(len(message.text) for message in self.content.messages or ())
        return len(self.content.text)


Batch: TypeAlias = list[Piece]
"""Pieces of one request; never empty, all for one bank."""


def read_pieces(plan: LoadPlan) -> Iterator[Piece]:
    """Yield what the file holds, in its order. Raises ``InvalidRequestError``, naming the line."""
    match plan.format:
        case Format.MESSAGES:
            yield from _pieces_of_messages(plan)
        case Format.SESSIONS:
            yield from _pieces_of_sessions(plan)
        case Format.PASSAGES:
            for passage in islice(read_passages(plan.path), plan.limit):
                for memory in memories_of(passage, plan.source):
                    yield Piece(conversation_id=None, content=memory)


def batches(pieces: Iterable[Piece], plan: LoadPlan) -> Iterator[Batch]:
    """Join pieces to requests that are neither too many messages nor too much text."""
    request = _Request(plan=plan)
    for piece in pieces:
        if not request.has_room_for(piece):
            yield request.pieces
            request = _Request(plan=plan)
        request.add(piece)
    if request.pieces:
        yield request.pieces


def bank_name(bank: str, conversation_id: str) -> str:
    """Return the name of a conversation's own bank: ``bank``, a dot, and the conversation.

    Where that is no name of a bank as it is, its digest keeps two conversations apart.
    """
    readable = re.sub(r"[^a-z0-9._-]+", "-", conversation_id.lower()).strip("-.")
    if readable != conversation_id or len(f"{bank}.{readable}") > _NAME_CHARS:
        digest = hashlib.sha256(conversation_id.encode()).hexdigest()[:8]
        room = _NAME_CHARS - len(f"{bank}..{digest}")
        readable = ".".join(filter(None, (readable[: max(room, 0)], digest)))
    return f"{bank}.{readable}"


def _pieces_of_messages(plan: LoadPlan) -> Iterator[Piece]:
    messages = islice(read_messages(plan.path, zone=plan.zone), plan.limit)
    while stretch := list(islice(messages, plan.batch)):
        yield from _cut(feed_of(stretch, plan.source), None, plan.batch)


def _pieces_of_sessions(plan: LoadPlan) -> Iterator[Piece]:
    owner: dict[str, str] = {}
    for session in islice(read_sessions(plan.path, zone=plan.zone), plan.limit):
        conversation = owner.setdefault(session.session_id, session.conversation_id)
        if conversation != session.conversation_id and not plan.by_conversation:
            raise CommandError(
                f"The session {session.session_id} is part of the conversations {conversation} and"
                f" {session.conversation_id}: load them with --bank-per-conversation."
            )
        episode = episode_of(session)
        if episode is not None:
            yield from _cut(episode, session.conversation_id, plan.batch)


def _cut(episode: Episode, conversation_id: str | None, size: int) -> Iterator[Piece]:
    """Yield stretches of an episode; the service joins them again by their source."""
    stretch: list[Message] = []
    chars = 0
    for message in episode.messages or ():
        if stretch and (len(stretch) == size or chars + len(message.text) > _BATCH_CHARS):
            yield _piece(episode, conversation_id, stretch)
            stretch, chars = [], 0
        stretch.append(message)
        chars += len(message.text)
    if stretch:
        yield _piece(episode, conversation_id, stretch)


def _piece(episode: Episode, conversation_id: str | None, messages: list[Message]) -> Piece:
    content = episode.model_copy(update={"messages": messages})
    return Piece(conversation_id=conversation_id, content=content)


@dataclass(slots=True, kw_only=True)
class _Request:
    """A request that is being filled."""

    plan: LoadPlan
    pieces: Batch = field(default_factory=list)
    sources: set[str | None] = field(default_factory=set)
    count: int = 0
    chars: int = 0

    def has_room_for(self, piece: Piece) -> bool:
        """Tell whether the request may hold this one too; an empty one may hold any."""
        if not self.pieces:
            return True
        same_bank = piece.conversation_id == self.pieces[0].conversation_id
        return (
            (same_bank or not self.plan.by_conversation)
            and (piece.source is None or piece.source not in self.sources)
            and self.count + piece.count <= self.plan.batch
            and self.chars + piece.chars <= _BATCH_CHARS
        )

    def add(self, piece: Piece) -> None:
        """Take one in."""
        self.pieces.append(piece)
        self.sources.add(piece.source)
        self.count += piece.count
        self.chars += piece.chars
