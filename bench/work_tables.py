"""Tables of docs/benchmarks.md about what work costs: arms, calls of models, storing, idling."""

from collections.abc import Mapping
from typing import Any

from bench.markdown import NONE, Results, answerable_part, percent, result_of, table

_ABLATED = {
    "musique_train100": ("ablation-musique", "5", "10"),
    "hotpotqa_dev": ("ablation-hotpotqa", "5", "10"),
    "2wiki_migres164": ("ablation-2wiki", "5", "10"),
    "locomo": ("ablation-locomo", "10", "20"),
}
"""By set: its file, and the two k that are told."""


def ablation(results: Results) -> str:
    """Recall with each arm left out in turn."""
    found = {name: result_of(results, file)["sets"][name] for name, (file, *_) in _ABLATED.items()}
    arms = sorted({arm for of_set in found.values() for arm in of_set["without"]})
    rows = []
    for name, of_set in found.items():
        file, *ks = _ABLATED[name]
        without = (of_set["without"].get(arm) for arm in arms)
        cells = [NONE if each is None else _pair(each, ks) for each in without]
        rows.append(
            [name, str(answerable_part(of_set)["n"]), _pair(of_set, ks), *cells, f"`{file}`"]
        )
    return table(["set", "n", "every arm", *(f"without {arm}" for arm in arms), "raw"], rows)


def cost(results: Results) -> str:
    """Calls and tokens of organising, beside two calls a turn."""
    [(name, found)] = result_of(results, "cost")["sets"].items()
    rows = [
        [
            who,
            f"{bill['calls']:,}",
            f"{bill['calls_per_10_turns']:.2f}",
            f"{bill['prompt_tokens']:,}",
            f"{bill['schema_tokens']:,}",
            f"{bill['tokens_per_turn']:.0f}",
        ]
        for who, bill in (("memsvc", found["ours"]), ("A-MEM, two calls a turn", found["amem"]))
    ]
    heads = [f"{name}, {found['turns']:,} turns", "calls", "calls for 10 turns"]
    counted = table([*heads, "tokens of messages", "of schemas", "tokens a turn"], rows)
    share, without = found["token_share"], found["message_token_share"]
    return f"{counted}\n\nOurs are {share:.2f} of the tokens, {without:.2f} without schemas."


def backlog(results: Results) -> str:
    """What writes take while a backlog is organised, and how fast that goes meanwhile."""
    found = result_of(results, "backlog")["backlog"]
    rows = [
        [when, str(took["n"]), f"{took['p50']:.1f} / {took['p95']:.1f}"]
        for when, took in (
            ("nothing is organised", found["empty_ms"]),
            ("the backlog is", found["draining_ms"]),
        )
    ]
    measured = table(["while", "writes", "p50 / p95 ms"], rows)
    first, last = found["waiting"][0], found["waiting"][-1]
    return (
        f"{measured}\n\nThat is {found['ratio_p50']:.2f} times as long in the median,"
        f" {found['ratio_p95']:.2f} times at the 95th percentile."
        f" {found['organised_per_s']:.0f} memories are organised a second meanwhile; {first:,} wait"
        f" after the first of {found['rounds']} rounds and {last:,} after the last."
    )


def ingest(results: Results) -> str:
    """Storing through the API beside the encoder alone; what an idle service holds."""
    stored = result_of(results, "ingest")["ingest"]
    idle = result_of(results, "footprint")["footprint"]
    before, after = stored["encoder_per_s"]
    rows = [
        ["stored through the API", f"{stored['ingest_per_s']:.0f} memories/s"],
        ["the encoder alone, before and after", f"{before:.0f}, {after:.0f} texts/s"],
        ["ratio", f"{stored['ratio']:.2f}"],
        ["ready after its very first start", f"{idle['start_s']:.1f} s"],
        ["resident, idle", f"{idle['resident_idle_mib']:.0f} MiB"],
        ["resident after the first recall", f"{idle['resident_after_recall_mib']:.0f} MiB"],
        ["`import memsvc`", f"{idle['import_ms']['memsvc']:.1f} ms"],
    ]
    return table(["", "measured"], rows)


def _pair(of_set: Mapping[str, Any], ks: list[str]) -> str:
    one, other = (percent(answerable_part(of_set)["recall"][k]) for k in ks)
    return f"{one} ({other})"
