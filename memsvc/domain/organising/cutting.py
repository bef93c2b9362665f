"""Cutting memories that wait to be organised into windows: neighbours in time, of one source."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBounds:
    """How much one window may hold."""

    items: int = 10
    """Of a full one; up to twice as many, less one, where the rest of a source joins."""
    characters: int = 12_000
    """Of all texts together; a longer one is a window of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Generic[Key]):
    """A memory that waits, reduced to what cutting goes by."""

    key: Key
    """Whatever the caller knows it by."""
    source: Hashable
    """Equal for memories that belong together."""
    characters: int


def cut_windows(waiting: Sequence[Waiting[Key]], bounds: WindowBounds) -> list[list[Key]]:
    """Return the keys in windows, each of one source, in the order of what they begin with.

    What is left over where a source does not divide evenly makes no window of its own: its windows
    are of equal size, as many as are full, so that none but the windows of small sources costs a
    call for fewer items than ``bounds`` says.
    """
    by_source: dict[Hashable, list[Waiting[Key]]] = {}
    place = {each.key: number for number, each in enumerate(waiting)}
    for each in waiting:
        by_source.setdefault(each.source, []).append(each)
    windows = [
        window
        for of_source in by_source.values()
        for part in _evenly(of_source, bounds.items)
        for window in _within(part, bounds.characters)
    ]
    return sorted(windows, key=lambda window: place[window[0]])


def _evenly(items: Sequence[Waiting[Key]], size: int) -> Iterator[Sequence[Waiting[Key]]]:
    parts = max(1, len(items) // size)
    for number in range(parts):
        yield items[number * len(items) // parts : (number + 1) * len(items) // parts]


def _within(items: Sequence[Waiting[Key]], most_characters: int) -> Iterator[list[Key]]:
    keys: list[Key] = []
    characters = 0
    for each in items:
        if keys and characters + each.characters > most_characters:
            yield keys
            keys, characters = [], 0
        keys.append(each.key)
        characters += each.characters
    yield keys
