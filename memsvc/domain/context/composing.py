"""Choosing what of the material goes into a context, and making the context of it.

What is taken first is trimmed last. In this order, each step taking what still fits:

1. hits, best first, into half of the budget; if none fits, the best one is cut;
2. recent turns, latest first, into a quarter of the budget; none is skipped;
3. summaries, most wanted first, into a quarter of the budget;
4. neighbours of the hits taken, best hit first, nearest first, before ahead of after;
5. the other hits, recent turns and summaries, in that order, into what is left.

A memory is taken once, by the first step that wants it, and stands in that step's section.

Everything is decided by these and by the counts: equal material gives equal contexts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import chain, zip_longest

from memsvc.domain.context.echoes import without_echoes
from memsvc.domain.context.material import (
    SECTION_OF,
    CitedPiece,
    Context,
    HitMaterial,
    Material,
    Piece,
    Role,
    Section,
    SectionName,
)
from memsvc.domain.context.rendering import render, render_piece
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory

_HITS_SHARE = 0.5
_RECENT_SHARE = 0.25
_SUMMARIES_SHARE = 0.25
_LONGEST_CITATION = 999
"""Numbers are given at the end; what they cost is counted with one of this length."""
_LEAST_CUT_TOKENS = 16
"""A text is not cut to less than this."""
_CHARACTERS_PER_TOKEN = 8
_HEADING_TOKENS = 8

Count = Callable[[Sequence[str]], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a context is written, and what it may cost."""

    budget: int
    count: Count
    """Tokens of each text."""
    zone: tzinfo
    zone_name: str
    note: str | None = None
    """A sentence of the service's own on top."""

    def render(self, sections: Sequence[Section]) -> str:
        """Return the block of these sections."""
        return render(sections, zone=self.zone, zone_name=self.zone_name, note=self.note)


def compose(material: Material, form: Format) -> Context:
    """Return the context of ``material``: never more than ``form.budget`` tokens."""
    taking = _Taking(form=form, costs=_costs(material, form))
    hits = [_hit(each) for each in material.hits]
    recent = [Piece(memory=each, role=Role.RECENT) for each in reversed(material.recent)]
    summaries = [Piece(memory=each, role=Role.SUMMARY) for each in material.summaries]
    taking.take(hits, within=_HITS_SHARE)
    if hits and not taking.pieces:
        taking.take_cut(hits[0])
    taking.take_run(recent, within=_RECENT_SHARE)
    taking.take(summaries, within=_SUMMARIES_SHARE)
    taking.take(_neighbours(material.hits, taking.pieces))
    taking.take(hits)
    taking.take_run(recent)
    taking.take(summaries)
    wanted = {each.memory.id for each in chain(hits, recent, summaries)}
    wanted |= {each.id for hit in material.hits for each in chain(hit.before, hit.after)}
    return _fitting(list(taking.pieces.values()), material, form, len(wanted))


def compose_whole(memories: Sequence[Memory], form: Format) -> Context | None:
    """Return a context of ``memories``, all and in this order; ``None`` if they do not fit."""
    pieces = [Piece(memory=each, role=Role.WHOLE) for each in memories]
    costs = form.count([_lines_of(piece, form) for piece in pieces])
    cited = [
        CitedPiece(citation=no, piece=piece, tokens=cost)
        for no, (piece, cost) in enumerate(zip(pieces, costs, strict=True), start=1)
    ]
    sections = [Section(name=SectionName.MEMORIES, pieces=cited)] if cited else []
    text = form.render(sections)
    (tokens,) = form.count([text])
    if tokens > form.budget:
        return None
    return Context(text=text, tokens=tokens, sections=sections, left_out=0)


@dataclass(slots=True, kw_only=True)
class _Taking:
    """What has been taken so far, and what that costs."""

    form: Format
    costs: dict[tuple[MemoryId, Role], int]
    pieces: dict[MemoryId, Piece] = field(default_factory=dict)
    """In the order taken; each memory once."""
    spent: int = 0

    def __post_init__(self) -> None:
        (self.spent,) = self.form.count([self.form.render([])])

    def take(self, pieces: Sequence[Piece], *, within: float | None = None) -> None:
        """Take each that fits into what is left, and into a share of the whole budget."""
        room = self._room(within)
        for piece in pieces:
            if piece.memory.id not in self.pieces and (cost := self._cost(piece)) <= room:
                self._add(piece, cost)
                room -= cost

    def take_run(self, pieces: Sequence[Piece], *, within: float | None = None) -> None:
        """Take as ``take`` does, up to the first that does not fit."""
        room = self._room(within)
        for piece in pieces:
            if piece.memory.id in self.pieces:
                continue
            cost = self._cost(piece)
            if cost > room:
                return
            self._add(piece, cost)
            room -= cost

    def take_cut(self, piece: Piece) -> None:
        """Take as much of a text as half of the budget, or what is left, holds."""
        room = self._room(_HITS_SHARE) - _HEADING_TOKENS
        if room < _LEAST_CUT_TOKENS:
            return
        text = without_echoes(piece.memory.text)
        low, high = 0, min(len(text) - 1, room * _CHARACTERS_PER_TOKEN)
        while low < high:
            middle = (low + high + 1) // 2
            (cost,) = self.form.count([_lines_of(replace(piece, text=text[:middle]), self.form)])
            low, high = (middle, high) if cost <= room else (low, middle - 1)
        if low:
            shortened = replace(piece, text=text[:low].rstrip())
            (cost,) = self.form.count([_lines_of(shortened, self.form)])
            self._add(shortened, cost + 1)

    def _room(self, share: float | None) -> int:
        left = self.form.budget - self.spent
        return left if share is None else min(left, int(self.form.budget * share))

    def _cost(self, piece: Piece) -> int:
        section = SECTION_OF[piece.role]
        is_open = any(SECTION_OF[each.role] is section for each in self.pieces.values())
        return self.costs[piece.memory.id, piece.role] + (0 if is_open else _HEADING_TOKENS)

    def _add(self, piece: Piece, cost: int) -> None:
        self.pieces[piece.memory.id] = piece
        self.spent += cost


def _hit(each: HitMaterial) -> Piece:
    return Piece(memory=each.memory, role=Role.HIT, score=each.score)


def _neighbours(hits: Sequence[HitMaterial], taken: dict[MemoryId, Piece]) -> list[Piece]:
    """Return the neighbours of the hits taken: best hit first, nearest first."""
    neighbours: list[Piece] = []
    for hit in hits:
        if hit.memory.id not in taken:
            continue
        of = hit.memory.id
        before = [Piece(memory=each, role=Role.BEFORE, of=of) for each in reversed(hit.before)]
        after = [Piece(memory=each, role=Role.AFTER, of=of) for each in hit.after]
        pairs = zip_longest(before, after)
        neighbours.extend(each for each in chain.from_iterable(pairs) if each is not None)
    return neighbours


def _costs(material: Material, form: Format) -> dict[tuple[MemoryId, Role], int]:
    pieces = [
        *(_hit(each) for each in material.hits),
        *_neighbours(material.hits, {each.memory.id: _hit(each) for each in material.hits}),
        *(Piece(memory=each, role=Role.RECENT) for each in material.recent),
        *(Piece(memory=each, role=Role.SUMMARY) for each in material.summaries),
    ]
    counted = form.count([_lines_of(piece, form) for piece in pieces])
    # One more for the line break between memories.
    return {
        (piece.memory.id, piece.role): cost + 1 for piece, cost in zip(pieces, counted, strict=True)
    }


def _lines_of(piece: Piece, form: Format) -> str:
    cited = CitedPiece(citation=_LONGEST_CITATION, piece=piece, tokens=0)
    return render_piece(cited, form.zone, _LONGEST_CITATION)


def _fitting(pieces: list[Piece], material: Material, form: Format, wanted: int) -> Context:
    """Return the context of ``pieces``, without as many of the last taken as it is too long.

    Tokens of parts need not add up to those of the whole: what counts is the text as it leaves.
    """
    costs = form.count([_lines_of(piece, form) for piece in pieces])
    while True:
        sections = _sections(pieces, material, costs)
        text = form.render(sections)
        (tokens,) = form.count([text])
        if tokens <= form.budget:
            left_out = wanted - len(pieces)
            return Context(text=text, tokens=tokens, sections=sections, left_out=left_out)
        if not pieces:
            return Context(text="", tokens=0, sections=(), left_out=wanted)
        excess = tokens - form.budget
        while pieces and excess > 0:
            excess -= max(1, costs[len(pieces) - 1])
            pieces.pop()


def _sections(pieces: Sequence[Piece], material: Material, costs: Sequence[int]) -> list[Section]:
    cost_of = {piece.memory.id: cost for piece, cost in zip(pieces, costs, strict=False)}
    groups = {
        SectionName.SUMMARIES: _in_time(pieces, Role.SUMMARY),
        SectionName.MEMORIES: list(_runs(pieces, material.hits)),
        SectionName.RECENT: _in_time(pieces, Role.RECENT),
    }
    sections: list[Section] = []
    citation = 0
    for name, group in groups.items():
        cited = [
            CitedPiece(citation=citation + no, piece=piece, tokens=cost_of[piece.memory.id])
            for no, piece in enumerate(group, start=1)
        ]
        citation += len(cited)
        if cited:
            sections.append(Section(name=name, pieces=cited))
    return sections


def _in_time(pieces: Sequence[Piece], role: Role) -> list[Piece]:
    chosen = [each for each in pieces if each.role is role]
    return sorted(chosen, key=lambda each: (each.memory.occurred_at, each.memory.id))


def _runs(pieces: Sequence[Piece], hits: Sequence[HitMaterial]) -> Iterator[Piece]:
    """Yield hits with neighbours in their episode's order; hits that share some stand together.

    Where the best hit is, comes first.
    """
    here = {
        each.memory.id: each for each in pieces if SECTION_OF[each.role] is SectionName.MEMORIES
    }
    runs: list[set[MemoryId]] = []
    for hit in hits:
        beside = (each.id for each in chain([hit.memory], hit.before, hit.after))
        members = {each for each in beside if each in here}
        joined = [run for run in runs if run & members]
        for run in joined:
            members |= run
        place = runs.index(joined[0]) if joined else len(runs)
        runs = [run for run in runs if not run & members]
        runs.insert(place, members)
    for run in runs:
        yield from sorted(
            (here[each] for each in run), key=lambda each: (each.memory.seq, each.memory.id)
        )
