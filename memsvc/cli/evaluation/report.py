"""A result, or two, as one page: no script, nothing from elsewhere, every value escaped.

What is stored is not trusted: a memory's words may be made to look like markup. Nothing reaches
the page but through ``escaped``, and the page forbids scripts and requests besides.
"""

from collections.abc import Iterable, Sequence

from memsvc.cli.evaluation.comparing import Comparison, Difference, circumstances_of, paired
from memsvc.cli.evaluation.drawing import bars, curves, escaped
from memsvc.cli.evaluation.results import (
    FAILURES,
    EvalResult,
    Figures,
    Latency,
    Miss,
    QuestionResult,
)

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
th,td{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;
border-bottom:1px solid #8884;overflow-wrap:anywhere}
td.n{text-align:right;font-variant-numeric:tabular-nums}
svg{max-width:34rem;width:100%;height:auto;display:block}
svg text{font:11px system-ui,sans-serif;fill:currentColor}
svg .grid{stroke:#8885}
td,text{unicode-bidi:isolate}
.legend span{margin-right:1.2rem}
.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.4em}
.dim{opacity:.7}
"""
_NAMES = {
    "not_stored": "not stored",
    "not_retrieved": "stored, not retrieved",
    "cut_by_budget": "retrieved, cut by budget",
}
_QUOTED = "text:"
_DIGEST = "text:sha256:"


def report(
    first: EvalResult,
    second: EvalResult | None,
    comparison: Comparison | None,
    *,
    with_text: bool,
) -> str:
    """Return the page; questions and quotations are in it only with text."""
    results = [first] if second is None else [first, second]
    title = " and ".join(each.label for each in results)
    sections = [
        f"<h1>Recall: {escaped(title)}</h1>",
        _how(results),
        "<h2>What came</h2>",
        _curves_of(results),
        *(_categories(each) for each in results),
        *([] if comparison is None else [_compared(comparison)]),
        "<h2>What did not come</h2>",
        _failures_of(results),
        "<h2>How long it took</h2>",
        _latency_of(results),
        "<h2>Questions</h2>",
        _questions(first, second, with_text=with_text),
    ]
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(_POLICY)}">'
        f"<title>{escaped(title)}</title><style>{_STYLE}</style>"
    )
    body = "\n".join(sections)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; numbers stand at the right."""
    heads = "".join(f"<th>{escaped(name)}</th>" for name in columns)
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return "<td>-</td>"
    if isinstance(value, float):
        return f'<td class="n">{value:.1f}</td>'
    return f'<td class="n">{value}</td>' if isinstance(value, int) else f"<td>{escaped(value)}</td>"


def _how(results: Sequence[EvalResult]) -> str:
    known = [circumstances_of(each) for each in results]
    rows = [
        (name, *(str(each.get(name, "-")) for each in known))
        for name in dict.fromkeys(name for each in known for name in each)
    ]
    made = ("made", *(f"{each.made_at:%Y-%m-%d %H:%M} UTC" for each in results))
    return table(("", *(each.label for each in results)), [made, *rows])


def _curves_of(results: Sequence[EvalResult]) -> str:
    shared = set.intersection(*(set(each.figures.recall) for each in results))
    ks = sorted(shared, key=int)
    lines = {
        f"{number}. {each.label}": [_percent(each.figures.recall[k]) or 0.0 for k in ks]
        for number, each in enumerate(results, start=1)
    }
    return curves(lines, [f"@{k}" for k in ks], top=100, unit=" %")


def _categories(result: EvalResult) -> str:
    columns = [f"recall@{k}" for k in result.figures.recall]
    last = str(result.k)

    def row(name: str, figures: Figures) -> tuple[object, ...]:
        shares = [*figures.recall.values(), figures.ndcg[last], figures.mrr, figures.misled[last]]
        return (name, figures.n, *map(_percent, shares))

    rows = [row("all", result.figures)]
    rows += [row(name, each) for name, each in result.by_category.items()]
    return f"<h3>{escaped(result.label)}, percent</h3>" + table(
        ("category", "n", *columns, f"nDCG@{last}", "MRR", "misled"), rows
    )


def _compared(found: Comparison) -> str:
    def row(name: str, each: Difference) -> tuple[object, ...]:
        interval = each.interval
        return (
            name,
            interval.n,
            each.before * 100,
            each.after * 100,
            f"{interval.mean * 100:+.1f}",
            f"{interval.low * 100:+.1f} … {interval.high * 100:+.1f}",
            "" if interval.is_clear else "may be chance",
        )

    columns = (f"{found.measure.name}, percent", "n", *found.labels, "difference", "95 %", "")
    rows = [row("all", found.overall)]
    rows += [row(name, each) for name, each in found.by_category.items()]
    counts = f"{len(found.won)} questions won, {len(found.lost)} lost."
    return f"<h2>Compared</h2>{table(columns, rows)}<p>{counts}</p>"


def _failures_of(results: Sequence[EvalResult]) -> str:
    rows = {
        f"{number}. {each.label}": [float(each.failures.get(kind, 0)) for kind in FAILURES]
        for number, each in enumerate(results, start=1)
    }
    expected = sum(len(each.ranks) for each in results[0].questions)
    told = f"<p>Of {expected} memories expected, among the first {results[0].k} places.</p>"
    return told + bars(rows, [_NAMES[kind] for kind in FAILURES], unit="")


def _latency_of(results: Sequence[EvalResult]) -> str:
    drawn = []
    for each in results:
        stages = {"as waited for": each.waited_ms, **each.stages_ms}
        rows = {name: _bar(latency) for name, latency in stages.items() if latency.p95 is not None}
        plot = bars(rows, ("p50", "up to p95"), unit=" ms")
        drawn.append(f"<h3>{escaped(each.label)}</h3>{plot}")
    return "".join(drawn)


def _bar(latency: Latency) -> list[float]:
    half, most = latency.p50 or 0.0, latency.p95 or 0.0
    return [half, most - half]


def _questions(first: EvalResult, second: EvalResult | None, *, with_text: bool) -> str:
    has_text = any(each.text is not None for each in first.questions)
    hint = ""
    if with_text and not has_text:
        hint = '<p class="dim">The result holds no texts: run it --with-text.</p>'
    pairs = [(one, None) for one in first.questions] if second is None else paired(first, second)
    labels = [f"ranks, {first.label}"] + ([] if second is None else [f"ranks, {second.label}"])
    texts = ["question"] if with_text and has_text else []
    columns = ("id", "category", *texts, *labels, "did not come", "ms")
    # What failed comes first.
    ordered = sorted(pairs, key=lambda pair: not any(each.misses for each in pair if each))
    rows = (_question(one, other, texts=bool(texts), quoted=with_text) for one, other in ordered)
    return hint + table(columns, rows)


def _question(
    one: QuestionResult, other: QuestionResult | None, *, texts: bool, quoted: bool
) -> tuple[object, ...]:
    shown = one if other is None else other
    ranks = [_ranks(one)] + ([] if other is None else [_ranks(other)])
    failed = "; ".join(_miss(each, quoted=quoted) for each in shown.misses)
    told = [one.text or ""] if texts else []
    return (one.id, ", ".join(one.categories), *told, *ranks, failed, shown.waited_ms)


def _ranks(question: QuestionResult) -> str:
    ranks = ["-" if rank is None else str(rank) for rank in question.ranks]
    return ", ".join(ranks) or "none expected"


def _miss(miss: Miss, *, quoted: bool) -> str:
    expected = miss.expected
    if expected.startswith(_QUOTED) and not expected.startswith(_DIGEST) and not quoted:
        expected = "a quotation"
    at = "" if miss.rank is None else f" (place {miss.rank}, cut by {miss.cut_by})"
    state = "" if miss.state is None else f" ({miss.state})"
    return f"{expected}: {_NAMES[miss.kind]}{at}{state}"


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100
