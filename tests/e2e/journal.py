"""What a process has begun and what it was told is done, in a file that outlives it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What should be found, by slot: a slot is one memory and what became of it, in order."""

    steps: Mapping[str, Sequence[tuple[str, str]]]
    """``try`` or ``did`` with a version or ``gone``."""
    recent: frozenset[str]
    """Slots written to since the last check."""

    @property
    def older(self) -> frozenset[str]:
        """The other slots."""
        return frozenset(self.steps) - self.recent

    @property
    def forbidden(self) -> set[str]:
        """Texts that were acknowledged to be replaced or gone."""
        return {
            text_of(slot, version) for slot, steps in self.steps.items() for version in _past(steps)
        }

    def lines_of(self, slot: str) -> Sequence[tuple[str, str]]:
        """Return a slot's history."""
        return self.steps[slot]

    def asked_of(self, slot: str) -> str:
        """Return the newest text that the slot may have."""
        return text_of(slot, max(what for _, what in self.steps[slot] if what != GONE))

    def expected_of(self, slot: str) -> set[str]:
        """Return the text that must be found, unless a step was begun and not acknowledged."""
        verb, what = self.steps[slot][-1]
        return set() if verb == "try" or what == GONE else {text_of(slot, what)}


class Journal:
    """Lines that are written at once, so that killing the writer tears none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def step(self, slot: str, what: str) -> Iterator[str]:
        """Note that a step is begun, and, after the block, that it is acknowledged."""
        self._append(f"try {slot} {what}")
        yield text_of(slot, what)
        self._append(f"did {slot} {what}")

    def checked(self) -> None:
        """Note that everything so far was checked."""
        self._append("checked")

    def acknowledged(self) -> int:
        """Return how many steps of every process so far were acknowledged."""
        return sum(line.startswith("did ") for line in self._lines())

    def read(self) -> Written:
        """Return what was written by every process so far."""
        steps: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        recent: set[str] = set()
        for line in self._lines():
            if line == "checked":
                recent.clear()
                continue
            verb, slot, what = line.split()
            steps[slot].append((verb, what))
            recent.add(slot)
        return Written(steps=steps, recent=frozenset(recent))

    def _lines(self) -> list[str]:
        return self._path.read_text().splitlines() if self._path.exists() else []

    def _append(self, line: str) -> None:
        with self._path.open("ab", buffering=0) as file:
            file.write(f"{line}\n".encode())


def text_of(slot: str, version: str) -> str:
    """Return a text that no other memory or version has."""
    return f"memory {slot} {slot}v{version}"


def _past(steps: Sequence[tuple[str, str]]) -> set[str]:
    done = [what for verb, what in steps if verb == "did"]
    return {what for what in done[:-1] if what != GONE}
