"""Settings of what the service does with memories by itself."""

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from memsvc.setting_groups.group import SettingsGroup

StageName = Literal["organise", "dedupe", "facts", "entities", "think", "summarise", "portray"]
"""The stages of consolidating."""
WRITTEN_TEXTS: frozenset[StageName] = frozenset({"summarise", "portray"})
"""What they make by rules repeats turns and is found in their place."""


def _split(value: object) -> object:
    """Read names from an environment variable."""
    if not isinstance(value, str):
        return value
    names = [each.strip() for each in value.split(",")]
    return () if names == ["none"] else names


class OrganiseSettings(SettingsGroup):
    """What becomes of memories in the background, and when."""

    automatic: bool = True
    """Stages run by themselves; else `memsvc consolidate` runs them."""
    stages: Annotated[tuple[StageName, ...] | None, BeforeValidator(_split)] = None
    """Which of them do, separated by commas; ``none``: no stage. Left out: all of them, but for
    ``summarise`` and ``portray`` where no language model is configured
    (docs/decisions/0050-stages-by-themselves.md)."""
    quiet_s: Annotated[float, Field(ge=0)] = 300.0
    """How long nothing must have changed in a bank before the stages that look at it as a whole
    run by themselves; a bank that is never so quiet has them hourly. A pause in a conversation is
    shorter: a language model writes portraits and summaries anew each time."""
    settle_s: Annotated[float, Field(ge=0)] = 5.0
    """How long after a write the job begins: what comes meanwhile shares its windows. More is
    better where a language model is paid by the call."""
    window_items: Annotated[int, Field(ge=1, le=50)] = 10
    """Consecutive memories that are looked at together (one call of a language model). A rest of an
    episode joins them: 17 turns are one window, 25 are two."""
    window_characters: Annotated[int, Field(ge=500)] = 12_000
    """Of their texts together."""
    windows_at_once: Annotated[int, Field(ge=1, le=32)] = 1
    """More are of use where a language model takes its time over each."""
    working_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Of the time: a backlog leaves the rest to reads and writes."""
    neighbours: Annotated[int, Field(ge=0, le=50)] = 5
    """Nearest memories that each one is held against (A-MEM: k = 5)."""
    shown_neighbours: Annotated[int, Field(ge=0, le=50)] = 10
    """Older memories of which one window may bring out more, at most."""
    least_cosine: Annotated[float, Field(ge=0, le=1)] = 0.45
    """Pairs below are not linked. A bank of 40 memories and more has a bound of its own, which 99 %
    of its pairs stay below, of two thirds of this at least (docs/decisions/0019-notes.md)."""
    links_per_note: Annotated[int, Field(ge=0, le=50)] = 3
    """Links that a new note begins, at most."""
    most_links: Annotated[int, Field(ge=1, le=1000)] = 12
    """Links that a note may have in all, with those that others began."""
    evolutions_per_window: Annotated[int, Field(ge=0, le=50)] = 10
    """Older memories that one window may change the annotations of; each at most once."""
    annotated_view: bool = True
    """Also search by text with keywords, tags and context together (A-MEM, eq. 3).

    Measured (docs/decisions/0019-notes.md): better in conversations, where turns are short."""
    annotated_view_characters: Annotated[int, Field(ge=0)] = 600
    """Longer texts speak for themselves, and embedding them twice is what costs."""

    def by_themselves(self, *, has_model: bool) -> frozenset[StageName]:
        """Return the stages that run without being asked for."""
        if not self.automatic:
            return frozenset()
        if self.stages is not None:
            return frozenset(self.stages)
        return frozenset(get_args(StageName)) - (frozenset() if has_model else WRITTEN_TEXTS)
