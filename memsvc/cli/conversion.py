"""From records of a file to what the client sends for them."""

from collections.abc import Iterator, Sequence

from memsvc_client import Episode, Message, NewMemory

from memsvc.api.schemas.limits import MESSAGE_CHARS
from memsvc.cli.formats import MessageRecord, PassageRecord, SessionRecord

_PART = "~part"


def episode_of(session: SessionRecord) -> Episode | None:
    """Return the session as an episode, or ``None`` where nothing was said.

    Its source is the session's id, a message's external id the turn's. A turn longer than the
    service takes becomes several messages; ``turn_id_of`` tells whose part one is.
    """
    messages = [
        Message(text=part, speaker=turn.speaker, occurred_at=turn.occurred_at, external_id=part_id)
        for turn in session.turns
        for part_id, part in _parts(turn.id, turn.text)
    ]
    if not messages:
        return None
    return Episode(
        messages=messages,
        source=session.session_id,
        session_id=session.session_id,
        occurred_at=session.occurred_at,
        metadata={"conversation_id": session.conversation_id},
    )


def feed_of(messages: Sequence[MessageRecord], source: str) -> Episode:
    """Return messages as the next part of the conversation named ``source``."""
    return Episode(
        messages=[
            Message(
                text=part,
                speaker=message.speaker,
                occurred_at=message.occurred_at,
                external_id=part_id,
                metadata=message.metadata or None,
            )
            for message in messages
            for part_id, part in _parts(message.external_id, message.text)
        ],
        source=source,
    )


def memories_of(passage: PassageRecord, source: str | None = None) -> Iterator[NewMemory]:
    """Yield the passage, its title above its text; in several parts if it is very long."""
    for part_id, part in _parts(passage.id, f"{passage.title}\n{passage.text}".strip()):
        yield NewMemory(text=part, kind="passage", external_id=part_id, source=source)


def turn_id_of(external_id: str) -> str:
    """Return the id of the turn, message or passage that an external id stands for."""
    return external_id.partition(_PART)[0]


def _parts(whole_id: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield the pieces in which a text is sent, with their ids; one, unless it is very long."""
    rest, number = text, 1
    while rest.strip():
        size = _cut_at(rest)
        part, rest = rest[:size], rest[size:]
        if part.strip():
            yield whole_id if number == 1 else f"{whole_id}{_PART}{number}", part
            number += 1


def _cut_at(text: str) -> int:
    """Return where to end the first piece: after a space near the limit, if there is one."""
    if len(text) <= MESSAGE_CHARS:
        return len(text)
    space = text.rfind(" ", MESSAGE_CHARS // 2, MESSAGE_CHARS)
    return MESSAGE_CHARS if space < 0 else space + 1
