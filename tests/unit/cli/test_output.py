import io
import json
import sys

import pytest

from memsvc.cli.output import print_fields, print_json, print_table, safe


def test_what_steers_a_terminal_is_taken_out() -> None:
    assert safe("a\x1b[2Jb\x07c\x9bd\ne\tf") == "a�[2Jb�c�d\ne\tf"


def test_texts_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "text"), [("[red]x[/red]", ":smile: " + "long " * 60)])
    [_, row] = capsys.readouterr().out.splitlines()
    assert row.startswith("[red]x[/red]  :smile: long long")
    assert row.count("long") == 60


def test_there_are_no_colours_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields([("name", "value"), ("nothing", None)])
    assert capsys.readouterr().out.split() == ["name", "value", "nothing", "-"]


def test_json_is_readable_where_the_output_takes_any_character(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"text": "你好"})
    assert "你好" in capsys.readouterr().out


def test_json_loses_nothing_where_the_output_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="latin-1", errors="replace"))
    print_json({"text": "你好"})
    sys.stdout.flush()
    assert json.loads(raw.getvalue()) == {"text": "你好"}
