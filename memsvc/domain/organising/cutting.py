"""Cutting memories that wait to be organised into windows: neighbours in time, of one source."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBounds:
    """How much one window may hold."""

    items: int = 10
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
    """Return the keys in windows, in order: each window of one source, within the bounds."""
    windows: list[list[Key]] = []
    open_windows: dict[Hashable, tuple[list[Key], int]] = {}
    for each in waiting:
        keys, characters = open_windows.get(each.source, ([], 0))
        fits = len(keys) < bounds.items and characters + each.characters <= bounds.characters
        if not keys or not fits:
            keys, characters = [], 0
            windows.append(keys)
        keys.append(each.key)
        open_windows[each.source] = (keys, characters + each.characters)
    return windows
