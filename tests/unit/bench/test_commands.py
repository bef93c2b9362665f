"""What the command line takes and refuses, before any service is started."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bench.__main__ import app
from bench.options import parse_arms
from bench.results import describe_run, write_results


@pytest.mark.parametrize(
    ("written", "expected"),
    [("all", "all"), ("dense", ["dense"]), ("links, dense", ["links", "dense"])],
)
def test_arms_are_read(written: str, expected: object) -> None:
    assert parse_arms(written) == expected


@pytest.mark.parametrize("written", ["", "smell", "dense,smell", "dense,dense", "dense,"])
def test_unknown_arms_are_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter, match="give all, or some of dense, lexical"):
        parse_arms(written)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--openie", "none.jsonl"], "does not exist"),
        (["--keep"], "needs --url"),
        (["--arms", "smell"], "give all, or some of"),
        (["--ablate", "links"], "one must remain"),
        (["--arms", "dense", "--ablate", "dense"], "one must remain"),
    ],
)
def test_retrieval_refuses_what_cannot_be(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    out = tmp_path / "results.json"
    given = ["retrieval", "--set", str(tmp_path), "--out", str(out), *arguments]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, given)
    assert result.exit_code == 2
    assert message in result.output
    assert not out.exists()


def test_sets_of_one_name_are_refused(tmp_path: Path) -> None:
    folders = [tmp_path / parent / "same" for parent in ("a", "b")]
    for folder in folders:
        folder.mkdir(parents=True)
    given = [option for folder in folders for option in ("--set", str(folder))]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(
        app, ["retrieval", *given, "--out", str(tmp_path / "results.json")]
    )
    assert result.exit_code == 2
    assert "same folder name" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        # Nobody can store past the API in a service that somebody else started.
        (["--precomputed", "--url", "http://127.0.0.1:1"], "leave out --url"),
        (["--memories", "5", "--banks", "6"], "fewer memories than banks"),
        (["--arms", "smell"], "give all, or some of"),
    ],
)
def test_scale_refuses_what_cannot_be(tmp_path: Path, arguments: list[str], message: str) -> None:
    given = ["scale", "--out", str(tmp_path / "results.json"), *arguments]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, given)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--keep"], "needs --url"),
        (["--arms", "smell"], "give all, or some of"),
        (["--memories", "5", "--banks", "6"], "it takes 6 at least"),
        (["--data", "nowhere"], "the folder of a set"),
        (["--peer", "nobody"], "give some of mem0"),
    ],
)
def test_recall_refuses_what_cannot_be(tmp_path: Path, arguments: list[str], message: str) -> None:
    given = ["recall", "--out", str(tmp_path / "results.json"), *arguments]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, given)
    assert result.exit_code == 2
    assert message in result.output


def test_results_replace_the_file_that_was_there(tmp_path: Path) -> None:
    out = tmp_path / "new folder" / "results.json"
    for number in (1, 2):
        write_results(out, {"number": number})
    assert json.loads(out.read_text()) == {"number": 2}
    assert list(out.parent.iterdir()) == [out]


def test_a_run_is_described_without_saying_whose_machine_it_was(tmp_path: Path) -> None:
    described = json.dumps(describe_run(command="retrieval", seed=0))
    assert '"cores"' in described
    assert '"python"' in described
    assert str(Path.home()) not in described
    assert str(Path.cwd()) not in described
