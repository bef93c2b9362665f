"""`memsvc eval compare`."""

import json
from pathlib import Path

import pytest

from memsvc.cli.evaluation.results import EvalResult
from tests.fixtures.command_line import Run
from tests.unit.cli.evaluation.made_results import question, result

BEFORE = result(
    "before",
    question("a", 1, categories=("easy",)),
    question("b", 2, categories=("easy",)),
    question("c", None, categories=("hard",)),
    question("d"),
)
AFTER = result(
    "after",
    question("a", 1),
    question("c", 4),
    question("b", None, skipped={"graph": "too slow"}),
    question("d"),
    arms=["dense"],
)


def files(path: Path, *results: EvalResult) -> list[str]:
    names = []
    for each in results:
        names.append(str(path / f"{each.label}.json"))
        Path(names[-1]).write_text(each.model_dump_json())
    return names


def test_both_are_told_with_what_was_won_and_lost(run: Run, tmp_path: Path) -> None:
    done = run("eval", "compare", *files(tmp_path, BEFORE, AFTER), "--json")
    found = json.loads(done.stdout)
    assert found["measure"] == "recall@10"
    overall = found["overall"]
    assert (overall["n"], overall["difference"]) == (3, 0)
    assert overall["low"] < 0 < overall["high"]
    assert found["by_category"]["easy"]["difference"] == -0.5
    assert found["by_category"]["hard"]["low"] == 1.0
    assert found["won"] == [{"id": "c", "before": 0.0, "after": 1.0}]
    assert found["lost"] == [{"id": "b", "before": 1.0, "after": 0.0}]
    assert found["changed"] == {"arms": [None, ["dense"]], "answers without graph": [None, 1]}
    ranked = run("eval", "compare", *files(tmp_path, BEFORE, AFTER), "--json", "--metric", "mrr")
    assert json.loads(ranked.stdout)["won"] == [{"id": "c", "before": 0.0, "after": 0.25}]


def test_what_may_be_chance_is_called_so(run: Run, tmp_path: Path) -> None:
    shown = run("eval", "compare", *files(tmp_path, BEFORE, AFTER)).stdout
    assert "may be chance" in shown
    assert "c: 0 then, 100 now" in shown


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("0",), 0),
        (("49", "--each-category"), 1),
        (("50", "--each-category"), 0),
        (("32", "--metric", "ndcg", "-k", "2"), 0),
    ],
)
def test_worse_than_allowed_fails(
    run: Run, tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    done = run("eval", "compare", *files(tmp_path, BEFORE, AFTER), "--fail-if-worse-by", *options)
    assert done.exit_code == code
    assert ("easy by 50.0" in done.stderr) is (code == 1)


def test_the_whole_being_worse_fails(run: Run, tmp_path: Path) -> None:
    done = run(
        "eval",
        "compare",
        *files(tmp_path, AFTER, BEFORE),
        "--fail-if-worse-by",
        "5",
        "--metric",
        "mrr",
    )
    assert done.exit_code == 0
    worse = run(
        "eval",
        "compare",
        *files(tmp_path, BEFORE, AFTER),
        "--fail-if-worse-by",
        "5",
        "--metric",
        "mrr",
    )
    assert (worse.exit_code, "all by 8.3" in worse.stderr) == (1, True)


def test_other_questions_are_refused_by_name(run: Run, tmp_path: Path) -> None:
    other = result("other", question("a", 1), question("b", 2, key="asked otherwise"))
    done = run("eval", "compare", *files(tmp_path, BEFORE, other))
    assert done.exit_code == 1
    assert "3 only in before (b, c, d)" in done.stderr
    assert "1 only in other (b)" in done.stderr


def test_questions_asked_twice_are_paired_in_turn(run: Run, tmp_path: Path) -> None:
    one = result("one", question("a", 1), question("a", None))
    done = run("eval", "compare", *files(tmp_path, one, one), "--json")
    assert json.loads(done.stdout)["overall"]["n"] == 2


def test_shorter_answers_cannot_tell_more_places(run: Run, tmp_path: Path) -> None:
    short = result("short", question("a", 1), k=5)
    named = files(tmp_path, short, short)
    assert "there are 5 places" in run("eval", "compare", *named, "-k", "10").stderr
    assert run("eval", "compare", *named).exit_code == 0
    deep = result("deep", question("a", 1))
    refused = run("eval", "compare", *files(tmp_path, short, deep), "--metric", "mrr")
    assert "not the same measure" in refused.stderr


def test_a_file_that_is_no_result_is_refused(run: Run, tmp_path: Path) -> None:
    named = files(tmp_path, BEFORE)
    other = tmp_path / "other.json"
    other.write_text("{}")
    done = run("eval", "compare", *named, str(other))
    assert (done.exit_code, "is no result" in done.stderr) == (1, True)
