"""Thoughts as they are kept, and what is decided about them: what is forgotten, what is listed.

Everything here is a function of the thoughts of one user and agent alone, so that any order of
arrival gives one outcome (Think-in-Memory, arXiv 2311.08719, leaves it to a model's taste).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from memsvc.domain.facts.claims import Claim, ends
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import FactPolicy, MemoryState, ScopeKeys
from memsvc.domain.tokens import fold

MOST_LISTED = 8
"""Things that one merged thought lists."""
MERGED_BY_RULES = "merge"
"""Who makes thoughts out of thoughts."""
THOUGHT_SOURCE = "memsvc:thoughts"


class ThinkStep(StrEnum):
    """The operations on thoughts, in the order in which they are carried out.

    Forgetting comes first: otherwise a contradiction would be merged into one sentence.
    """

    INSERT = "insert"
    FORGET = "forget"
    MERGE = "merge"


class ForgetReason(StrEnum):
    """Why a thought is no longer recalled."""

    CONTRADICTED = "contradicted"
    """A later one says otherwise; it becomes ``superseded``."""
    REDUNDANT = "redundant"
    """Another one says the same."""
    OBSOLETE = "obsolete"
    """It is of no more use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewThought:
    """A thought to keep."""

    text: str
    keys: ScopeKeys
    occurred_at: datetime
    made_by: str
    claim: Claim | None = None
    head: str | None = None
    """Whom or what it is about, in the normal form; thoughts are merged within a head."""
    frame: str = ""
    listed: int = 1
    """How many things it lists."""
    needs_all: bool = False
    """Whether it falls with any of its sources, as a conclusion does, or with the last one."""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """A thought as it is kept."""

    memory_id: MemoryId
    state: MemoryState
    text: str
    keys: ScopeKeys
    occurred_at: datetime
    expires_at: datetime | None
    pinned: bool
    claim: Claim | None
    head: str | None
    frame: str
    listed: int
    made_by: str
    needs_all: bool
    superseded_by: MemoryId | None
    """The thought for which it was forgotten, if it is to come back when that one goes."""
    stood: bool
    """Whether what it rests on was in force when that was last looked at."""
    retired: bool
    """Whether it was archived for want of what it rests on."""

    @property
    def owner(self) -> tuple[str, str]:
        """Whose it is: nobody's thoughts end or join another's."""
        return self.keys.user_id or "", self.keys.agent_id or ""

    @property
    def is_list(self) -> bool:
        """Whether it was made by merging."""
        return self.made_by == MERGED_BY_RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """For which thought another one is forgotten from now on."""

    thought: Thought
    by: Thought | None
    """``None``: it holds again."""
    reason: ForgetReason


def forgettings(
    thoughts: Iterable[Thought], policy: FactPolicy = FactPolicy.SUPERSEDE
) -> list[Forgetting]:
    """Return what of whole slots is forgotten for another thought than before, oldest first.

    What does not stand ends nothing. Where facts are only appended, nothing is contradicted.
    """
    slots: dict[tuple[tuple[str, str], tuple[str, str]], list[tuple[Claim, Thought]]] = {}
    for thought in thoughts:
        if thought.claim is not None:
            key = (thought.owner, thought.claim.slot)
            slots.setdefault(key, []).append((thought.claim, thought))
    found: list[Forgetting] = []
    for some in slots.values():
        some.sort(key=lambda each: (each[0].order, each[1].memory_id))
        for place, (claim, thought) in enumerate(some):
            reasons = (
                (later, _reason(claim, other, policy))
                for other, later in some[place + 1 :]
                if later.stood
            )
            by, reason = next(((each, why) for each, why in reasons if why), (None, None))
            if (by.memory_id if by else None) != thought.superseded_by:
                why = reason or ForgetReason.REDUNDANT
                found.append(Forgetting(thought=thought, by=by, reason=why))
    return found


def _reason(earlier: Claim, later: Claim, policy: FactPolicy) -> ForgetReason | None:
    """Return why the earlier claim goes for the later one, if it does."""
    if (earlier.object, earlier.denies) == (later.object, later.denies):
        return ForgetReason.REDUNDANT
    if policy is FactPolicy.APPEND_ONLY:
        return None
    is_asserted_again = (
        earlier.denies and not later.denies and earlier.object in {None, later.object}
    )
    return ForgetReason.CONTRADICTED if is_asserted_again or ends(earlier, later) else None


def is_said_already(new: NewThought, known: Sequence[Thought]) -> Thought | None:
    """Return the thought of a slot that says the same, if it may simply rest on one source more.

    It may where nothing in the slot says otherwise: when a thing was said for the last time does
    not matter then.
    """
    claim = new.claim
    if claim is None:
        return None
    same: Thought | None = None
    for thought in known:
        other = thought.claim
        if other is None or thought.keys.user_id != new.keys.user_id:
            continue
        if thought.keys.agent_id != new.keys.agent_id:
            continue
        if (other.object, other.denies) == (claim.object, claim.denies):
            is_current = thought.state in {MemoryState.ACTIVE, MemoryState.MERGED}
            if is_current and thought.superseded_by is None and not thought.needs_all:
                same = thought
        elif claim.is_functional or claim.denies or other.denies:
            return None
    return same


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPlan:
    """Thoughts that become one, oldest first, and its sentence."""

    parts: Sequence[Thought]
    text: str
    frame: str
    head: str | None
    """Whom or what all are about."""


def head_of(thought: Thought, names: Mapping[str, str]) -> str | None:
    """Return whom or what a thought is about, by the name that ``names`` has for it."""
    return None if thought.head is None else names.get(thought.head, thought.head)


def list_plans(
    thoughts: Iterable[Thought], names: Mapping[str, str] = MappingProxyType({})
) -> Iterator[ListPlan]:
    """Yield which thoughts of one beginning make lists: "Ann likes tea, chess".

    ``names`` are what other names of one entity are in the end; its thoughts make one list.
    """
    groups: dict[tuple[tuple[str, str], str | None, str], list[Thought]] = {}
    for thought in thoughts:
        is_open = thought.state is MemoryState.ACTIVE and not thought.pinned
        if is_open and thought.frame and thought.listed < MOST_LISTED:
            key = (thought.owner, head_of(thought, names), _verb(thought))
            groups.setdefault(key, []).append(thought)
    for (_, head, _), some in groups.items():
        some.sort(key=lambda each: (-each.listed, each.occurred_at, each.memory_id))
        chosen, left = [], MOST_LISTED
        for thought in some:
            if thought.listed <= left:
                chosen.append(thought)
                left -= thought.listed
        if len(chosen) > 1:
            chosen.sort(key=lambda each: (each.occurred_at, each.memory_id))
            frame = next((each for each in chosen if each.head == head), chosen[0]).frame
            text = merged_text(chosen, frame)
            yield ListPlan(parts=chosen, text=text, frame=frame, head=head)


def _verb(thought: Thought) -> str:
    """Return what a beginning says of its head, whatever that is called."""
    frame = fold(thought.frame.casefold())
    return frame if thought.head is None else frame.removeprefix(thought.head)


def merged_text(parts: Sequence[Thought], frame: str = "") -> str:
    """Return one sentence for all: nothing is in it that no part says.

    ``frame`` is what all their own ones mean, unless they are the same.
    """
    first = parts[0]
    bodies = [each.text.rstrip(".\u3002") for each in parts]
    if first.frame and all(each.frame.casefold() == first.frame.casefold() for each in parts):
        frame = first.frame
    is_han = first.text.endswith("\u3002")
    if frame:
        things = [body[len(e.frame) :].strip() for body, e in zip(bodies, parts, strict=True)]
        named = list(dict.fromkeys(part for thing in things for part in _items(thing)))
        gap, stop = ("", "\u3002") if is_han else (" ", ".")
        return frame + gap + ("\u3001" if is_han else ", ").join(named) + stop
    joint = _common_beginning(bodies)
    rest = [each.removeprefix(joint).strip() for each in bodies[1:]]
    return ("\uff1b" if is_han else "; ").join([bodies[0], *rest]) + ("\u3002" if is_han else ".")


def _items(thing: str) -> list[str]:
    return [each.strip() for each in thing.replace("\u3001", ", ").split(", ")]


def _common_beginning(bodies: Sequence[str]) -> str:
    """Return the first word of all, which is whom they are about, or nothing."""
    word = bodies[0].split(" ")[0] + " "
    return word if all(each.startswith(word) for each in bodies) else ""
