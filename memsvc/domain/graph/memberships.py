"""Which sources belong to which episode."""

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

Source = TypeVar("Source", bound=Hashable)
Episode = TypeVar("Episode", bound=Hashable)


class Memberships(Generic[Source, Episode]):
    """Sources by episode; a source belongs to one at most."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._episodes: dict[Source, Episode] = {}
        self._members: dict[Episode, set[Source]] = {}

    def put(self, source: Source, episode: Episode | None) -> None:
        """Let a source belong to an episode, or to none; whatever it belonged to before."""
        before = self._episodes.pop(source, None)
        if before is not None:
            self._members[before].discard(source)
            if not self._members[before]:
                del self._members[before]
        if episode is not None:
            self._episodes[source] = episode
            self._members.setdefault(episode, set()).add(source)

    def episode_of(self, source: Source) -> Episode | None:
        """Return the episode of a source."""
        return self._episodes.get(source)

    def beside(self, source: Source) -> Collection[Source]:
        """Return the sources of a source's episode; it alone where it belongs to none."""
        episode = self._episodes.get(source)
        return (source,) if episode is None else self._members[episode]
