"""Tables of docs/benchmarks.md, each made of raw results alone."""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench import answer_tables, work_tables
from bench.markdown import NONE, Results, answerable_part, percent, result_of, table

_PASSAGE_SETS = ("hotpotqa_dev", "musique_train100", "2wiki_migres164")
_FIRST = "evidence_session"


def retrieval(results: Results) -> str:
    """Recall of one arm and of two, beside reference code."""
    reference = result_of(results, "reference-retrieval")["sets"]
    files = [
        result_of(results, f"retrieval-{arms}")["sets"] for arms in ("dense", "lexical", "all")
    ]
    rows = []
    by_five = (*_PASSAGE_SETS, "lihuaworld")
    for name, at in (("locomo", "10"), *((each, "5") for each in by_five)):
        figures = [_recall(sets[name], at) for sets in files]
        own = [percent(each) for each in figures]
        own[-1] = f"**{own[-1]}**"
        simple = [_plain(reference[name].get(kind)) for kind in ("dense", "bm25", "fused")]
        rows.append([_titled(name), str(_count(files[0][name])), *own, *simple])
    heads = ["set", "n", "dense", "lexical", "both", "reference: dense", "BM25", "fused"]
    return table(heads, rows)


def retrieval_every_arm(results: Results) -> str:
    """Recall of every arm, by how many units are looked at."""
    rows = []
    for name, file, main in (
        ("locomo", "retrieval-episode", "10"),
        *((each, "retrieval-graph", "5") for each in _PASSAGE_SETS),
    ):
        found = result_of(results, file)["sets"][name]
        cells = [percent(_recall(found, at)) for at in ("5", "10", "20")]
        place = ("5", "10", "20").index(main)
        cells[place] = f"**{cells[place]}**"
        rows.append([_titled(name), str(_count(found)), *cells, f"`{file}.json`"])
    return table(["set", "n", "at 5", "at 10", "at 20", "raw"], rows)


def recall(results: Results, file: str = "recall") -> str:
    """Whole recalls, by size and clients."""
    found = result_of(results, file)
    rows = []
    for row in found["rows"]:
        cpu = row["cpu_ms"]
        rows.append(
            [
                f"{row['memories']:,}",
                str(row["clients"]),
                f"{row['p50_ms']:.1f} / {row['p95_ms']:.1f}",
                f"{row['qps']:.1f}",
                " + ".join(_decimal(cpu[part]) for part in ("service", "database", "load")),
                _decimal(row["loop_lag_ms"]["p99"]),
            ]
        )
    heads = ["memories", "clients", "p50 / p95 ms", "recalls/s"]
    heads += ["CPU ms per recall: service + database + clients", "loop lag p99 ms"]
    load = found["settings"].get("load_average", [0.0])[0]
    return f"{table(heads, rows)}\n\nLoad average of the machine when it began: {load:.1f}."


def recall_stages(results: Results) -> str:
    """Where one client's recalls spend their time."""
    rows = []
    for row in result_of(results, "recall")["rows"]:
        if row["stages_cpu_ms"] is None:
            continue
        # The episode arm is a stage by itself, whoever tells its time.
        arms = {arm: took for arm, took in row["arms_ms"].items() if arm == "episode"}
        cpu, took = row["stages_cpu_ms"], arms | row["stages_ms"]
        rows += [
            [
                f"{row['memories']:,}",
                stage,
                _decimal(cpu.get(stage)),
                NONE
                if stage not in took
                else f"{_decimal(took[stage]['p50'])} / {_decimal(took[stage]['p95'])}",
            ]
            for stage in _ordered({*cpu, *took})
        ]
    return table(["memories", "stage", "CPU ms", "p50 / p95 ms"], rows)


def peers(results: Results, file: str) -> str:
    """Our service and other memory libraries on the same work."""
    found = result_of(results, file)
    rows = []
    for peer in found["peers"]:
        if "reason" in peer:
            rows.append([peer["name"], peer["reason"], *[NONE] * 6])
            continue
        encoded = peer["with_encoder"]
        rows.append(
            [
                peer["name"],
                f"{peer['memories']:,}",
                f"{peer['adds_per_s']:.1f} / {encoded['adds_per_s']:.1f}",
                f"{peer['searches_per_s']:.1f} / {encoded['searches_per_s']:.1f}",
                f"{peer['cpu_ms']['add']:.1f} / {encoded['add_cpu_ms']:.1f}",
                f"{peer['cpu_ms']['search']:.1f} / {encoded['search_cpu_ms']:.1f}",
                percent(peer.get("recall_at_10")),
                ", ".join(f"{name} {said}" for name, said in peer["facts"].items()),
            ]
        )
    heads = ["system", "memories", "adds/s", "searches/s", "CPU ms per add", "per search"]
    written = table([*heads, "recall@10", "facts"], rows)
    said = [
        f"{ours} to {name}: {_ratios_of(found[ratios][name])}."
        for ours, ratios in (("Ours", "ratios"), ("Ours, dense arm alone,", "dense_ratios"))
        for name in sorted(found.get(ratios, {}))
    ]
    return "\n\n".join([written, *said])


def scale(results: Results) -> str:
    """Recall among many memories, without embedding."""
    rows = []
    for file in ("scale-one-bank", "scale-many-banks"):
        found = result_of(results, file)["scale"]
        banks, each = found["banks"], found["memories"] // found["banks"]
        where = f"{each:,} in one bank" if banks == 1 else f"{banks:,} banks of {each:,}"
        arms = found["arms"]
        both = arms["all"]
        rows.append(
            [
                where,
                _span(arms["dense"]["without_embedding_ms"]),
                _span(both["without_embedding_ms"]),
                _span(both["with_free_embedding_ms"]),
                f"{found['first_recall_ms']['p50']:,.0f}",
            ]
        )
    heads = ["memories", "dense", "both arms", "both, had embedding taken no time"]
    return table([*heads, "first recall of a bank"], rows)


def walks_small(results: Results) -> str:
    """Walks over the smaller graph."""
    return _walks(result_of(results, "ppr-100k-1m"))


def retrieval_conversations(results: Results, file: str = "retrieval-conversations") -> str:
    """Recall on conversations, every arm, by category where a set has any."""
    found = result_of(results, file)["sets"]
    rows = []
    for name, of_set in found.items():
        kinds = of_set.get("by_category", {})
        parts = {"all": of_set} if name != "locomo" else {}
        for kind, of_part in {**parts, **kinds}.items():
            cells = [percent(of_part["recall"].get(at)) for at in ("5", "10", "20")]
            rows.append([name, kind, str(of_part["n"]), *cells])
    measured = table(["set", "category", "n", "at 5", "at 10", "at 20"], rows)
    if not any(_FIRST in each for each in found.values()):
        return measured
    sessions = {name: each[_FIRST] for name, each in found.items() if _FIRST in each}
    told = [f"{name} {percent(each['first'])} % of {each['n']}" for name, each in sessions.items()]
    return f"{measured}\n\nThe session with the evidence is the first: {', '.join(told)}."


def retrieval_passages(results: Results) -> str:
    """Recall on passages, every arm."""
    rows = []
    for name, of_set in result_of(results, "retrieval-passages")["sets"].items():
        cells = [percent(of_set["recall"].get(at)) for at in ("2", "5", "10", "20")]
        rows.append([name, str(of_set["n"]), *cells])
    return table(["set", "n", "at 2", "at 5", "at 10", "at 20"], rows)


def index_equal(results: Results) -> str:
    """Similarity search in a thousand partitions of a thousand vectors."""
    return _similarity(result_of(results, "index-equal"))


def index_one(results: Results) -> str:
    """Similarity search in one partition of a million vectors."""
    return _similarity(result_of(results, "index-one"))


def organise(results: Results) -> str:
    """What organising finds, by set, extractor and stage."""
    rows = []
    for model in ("rules", "scripted"):
        for name, found in result_of(results, f"organise-{model}")["sets"].items():
            for stage, done in found["stages"].items():
                counts = ", ".join(f"{n:,} {what}" for what, n in sorted(done["counts"].items()))
                rows.append([name, model, stage, f"{done['per_s']:.0f}", counts or NONE])
    return table(["set", "looked at by", "stage", "memories/s", "what came of it"], rows)


def _similarity(found: Mapping[str, Any]) -> str:
    settings = found["settings"]
    own_bytes = settings["vectors"] * settings["dim"] * 4
    rows = []
    for row in found["rows"]:
        if "reason" in row:
            rows.append([row["name"], *[NONE] * 5, row["reason"]])
            continue
        single = row["single_ms"]
        rows.append(
            [
                f"{row['name']}, {row['setting']}",
                f"{row['build_s']:.1f}",
                f"{row['bytes'] / own_bytes:.2f}",
                f"{single['p50']:.3f} / {single['p95']:.3f}",
                f"{row['qps']:,.0f}",
                f"{row['recall_at_10']:.3f}",
                "",
            ]
        )
    heads = ["system", "built in s", "size, times the vectors'", "one query, ms", "queries/s"]
    return table([*heads, "recall@10", "why not"], rows)


def walks_large(results: Results) -> str:
    """Walks over the larger graph."""
    return _walks(result_of(results, "ppr-1m-10m"))


def runs(results: Results) -> str:
    """Where every file comes from: machine, versions, settings."""
    rows = []
    for name in sorted(results):
        settings = results[name].get("settings")
        if settings is None or "machine" not in settings:
            continue
        machine, versions = settings["machine"], settings["versions"]
        where = f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']:.0f} GiB"
        with_what = [f"{each} {versions[each]}" for each in _TOLD if each in versions]
        rows.append([f"`{name}.json`", _options(settings), where, ", ".join(with_what)])
    return table(["file", "settings", "machine", "versions"], rows)


TABLES: Mapping[str, Callable[[Results], str]] = {
    "retrieval": retrieval,
    "retrieval-every-arm": retrieval_every_arm,
    "retrieval-conversations": retrieval_conversations,
    "retrieval-beam": partial(retrieval_conversations, file="retrieval-beam"),
    "retrieval-passages": retrieval_passages,
    "index-equal": index_equal,
    "index-one": index_one,
    "abstention": answer_tables.abstention,
    "retention": answer_tables.retention,
    "grains": answer_tables.grains,
    "ablation": work_tables.ablation,
    "cost": work_tables.cost,
    "backlog": work_tables.backlog,
    "ingest": work_tables.ingest,
    "recall": recall,
    "recall-1m": partial(recall, file="recall-1m"),
    "recall-stages": recall_stages,
    "peers": partial(peers, file="recall-mem0-5k"),
    "peers-100k": partial(peers, file="recall-mem0-100k"),
    "scale": scale,
    "walks-100k": walks_small,
    "walks-1m": walks_large,
    "organise": organise,
    "runs": runs,
}

_TOLD = ("commit", "python", "numpy", "onnxruntime", "faiss-cpu", "psycopg")
_LONG = frozenset({"command", "service", "machine", "versions"})
_STAGES = (
    "resolve",
    "embed",
    "search",
    "wait",
    "episode",
    "beside",
    "graph",
    "fetch",
    "pack",
    "http",
    "total",
)


def read_results(folder: Path) -> Results:
    """Return every result file of a folder."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    }


def _walks(found: Mapping[str, Any]) -> str:
    rows = [
        [
            row["name"],
            _figure(row["median_ms"]),
            _figure(row["mean_ms"]),
            f"{row['top50_overlap']:.3f}",
            f"{row['bytes'] / 2 / found['settings']['edges']:.1f}",
        ]
        for row in found["rows"]
        if "median_ms" in row
    ]
    insert = found["insert"]
    said = (
        f"Adding a passage ({insert['edges']} edges): {insert['median_ms']:.1f} ms in the median,"
        f" {insert['max_ms']:.1f} at most."
    )
    heads = ["", "median ms", "mean ms", "overlap of the best 50", "bytes per directed edge"]
    return f"{table(heads, rows)}\n\n{said}"


def _options(settings: Mapping[str, Any]) -> str:
    kept = [
        f"{name} {', '.join(map(_short, value)) if isinstance(value, list) else _short(value)}"
        for name, value in settings.items()
        if name not in _LONG and value is not None
    ]
    return "; ".join([f"`{settings.get('command', '')}`", *kept])


def _short(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _recall(found: Mapping[str, Any], at: str) -> float | None:
    """Return recall, of the questions that can be answered where a set tells them apart."""
    value: float | None = answerable_part(found)["recall"][at]
    return value


def _count(found: Mapping[str, Any]) -> int:
    return int(answerable_part(found)["n"])


def _titled(name: str) -> str:
    return "locomo, categories 1\u20134" if name == "locomo" else name


def _ordered(stages: Iterable[str]) -> list[str]:
    known = {stage: place for place, stage in enumerate(_STAGES)}
    return sorted(stages, key=lambda stage: (known.get(stage, len(_STAGES) - 2), stage))


def _ratios_of(ratios: Mapping[str, float]) -> str:
    named = {name.replace("_", " "): value for name, value in ratios.items()}
    return ", ".join(f"{name} {value:.1f} \u00d7" for name, value in named.items())


def _plain(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def _decimal(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def _figure(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _span(figures: Mapping[str, float]) -> str:
    return f"{figures['p50']:.1f} / {figures['p95']:.1f}"
