"""Plots as SVG, to stand inside a page; every text in them is escaped."""

from collections.abc import Mapping, Sequence
from html import escape

from memsvc.cli.output import safe

COLOURS = ("#2563a8", "#c2571a", "#4b8b3b", "#8a4fa3")
_WIDTH, _HEIGHT = 520, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 14, 34
_ROW = 22
_LABEL = 150
"""Pixels for the names of bars."""
_NAME_CHARS = 24


def escaped(value: object) -> str:
    """Return a value as text of a page: no markup, nothing that steers a reader's program."""
    return escape(safe(str(value)), quote=True)


def curves(
    lines: Mapping[str, Sequence[float]], ticks: Sequence[str], *, top: float, unit: str
) -> str:
    """Return lines over equally spaced ``ticks``; values are in [0, ``top``]."""
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def across(place: int) -> float:
        return _LEFT + wide * (place / max(1, len(ticks) - 1))

    def up(value: float) -> float:
        return _TOP + high * (1 - value / (top or 1))

    parts = [_grid(up(top * share / 4), f"{top * share / 4:g}{unit}") for share in range(5)]
    parts += [
        _text(across(place), _HEIGHT - 10, tick, anchor="middle")
        for place, tick in enumerate(ticks)
    ]
    for number, (name, values) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{across(at):.1f},{up(value):.1f}" for at, value in enumerate(values))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts += [
            f'<circle cx="{across(at):.1f}" cy="{up(value):.1f}" r="3" fill="{colour}">'
            f"<title>{escaped(name)}, {escaped(tick)}: {value:.1f}{escaped(unit)}</title></circle>"
            for at, (tick, value) in enumerate(zip(ticks, values, strict=True))
        ]
    return _figure(_HEIGHT, parts) + legend(list(lines))


def bars(rows: Mapping[str, Sequence[float]], parts_of: Sequence[str], *, unit: str) -> str:
    """Return a bar for each row, made of parts that lie one behind the other."""
    longest = max((sum(values) for values in rows.values()), default=0.0) or 1.0
    wide = _WIDTH - _LABEL - 90
    drawn: list[str] = []
    for number, (name, values) in enumerate(rows.items()):
        at, y = float(_LABEL), number * _ROW + 4
        drawn.append(_text(_LABEL - 8, y + 12, name[:_NAME_CHARS], anchor="end"))
        for place, (part, value) in enumerate(zip(parts_of, values, strict=True)):
            width = wide * value / longest
            drawn.append(
                f'<rect x="{at:.1f}" y="{y}" width="{width:.1f}" height="{_ROW - 6}"'
                f' fill="{COLOURS[place % len(COLOURS)]}">'
                f"<title>{escaped(part)}: {value:.4g}{escaped(unit)}</title></rect>"
            )
            at += width
        told = " + ".join(f"{value:.4g}" for value in values)
        drawn.append(_text(at + 6, y + 12, f"{told}{unit}"))
    named = legend(parts_of) if len(parts_of) > 1 else ""
    return _figure(max(1, len(rows)) * _ROW + 6, drawn) + named


def legend(names: Sequence[str]) -> str:
    """Return the names of the colours."""
    keys = "".join(
        f'<span><i style="background:{COLOURS[number % len(COLOURS)]}"></i>{escaped(name)}</span>'
        for number, name in enumerate(names)
    )
    return f'<p class="legend">{keys}</p>'


def _figure(height: int, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" role="img">{"".join(parts)}</svg>'


def _grid(y: float, label: str) -> str:
    line = f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
    return line + _text(_LEFT - 6, y + 4, label, anchor="end")


def _text(x: float, y: float, said: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escaped(said)}</text>'
