"""The guide's examples are sent as they stand."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template

import httpx2
import pytest
from fastapi import FastAPI

from memsvc import errors
from memsvc.api.problems import status_of
from tests.unit.api.test_documentation import OPERATIONS
from tests.unit.api.test_problems import leaves

GUIDE = (Path(__file__).parents[3] / "docs" / "http-api.md").read_text(encoding="utf-8")
_ASSIGNMENT = re.compile(r"[A-Z]=")


@dataclass(frozen=True)
class Example:
    method: str
    url: str
    headers: dict[str, str]
    body: str | None


def examples() -> Iterator[Example]:
    shell = "\n".join(re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL))
    words = shlex.split(shell.replace("\\\n", ""), comments=True)
    variables = dict(word.split("=", 1) for word in words if _ASSIGNMENT.match(word))
    variables["MEMSVC_API_KEY"] = "k"
    commands: list[list[str]] = []
    for word in words:
        if word == "curl":
            commands.append([])
        elif not _ASSIGNMENT.match(word):
            commands[-1].append(_expand(word, variables))
    yield from map(_example, commands)


def _expand(word: str, variables: dict[str, str]) -> str:
    expanded = Template(word).safe_substitute(variables)
    return Template(expanded).safe_substitute(variables)


def _example(arguments: list[str]) -> Example:
    options: dict[str, list[str]] = {"-X": [], "-H": [], "-d": []}
    urls = []
    words = iter(arguments)
    for word in words:
        if word in options:
            options[word].append(next(words))
        else:
            urls.append(word)
    [url] = urls
    body = next(iter(options["-d"]), None)
    method = next(iter(options["-X"]), "GET" if body is None else "POST")
    headers = dict(header.split(": ", 1) for header in options["-H"])
    return Example(method=method, url=url, headers=headers, body=body)


@pytest.mark.parametrize("example", list(examples()), ids=lambda each: f"{each.method} {each.url}")
async def test_every_example_is_accepted(api: httpx2.AsyncClient, example: Example) -> None:
    answer = await api.request(
        example.method, example.url, headers=example.headers, content=example.body
    )

    assert answer.is_success, answer.text


def test_every_operation_has_an_example(app: FastAPI) -> None:
    shown = {f"{example.method} {httpx2.URL(example.url).path}" for example in examples()}

    for name, operation in OPERATIONS.items():
        pattern = re.sub(r"\\{\w+\\}", "[^/:]+", re.escape(operation))
        assert any(re.fullmatch(pattern, each) for each in shown), name


VISIBLE = [error for error in leaves(errors.MemsvcError) if status_of(error) != 500]


@pytest.mark.parametrize("error", VISIBLE, ids=lambda error: error.code)
def test_every_code_that_callers_may_see_is_explained(error: type[errors.MemsvcError]) -> None:
    assert re.search(rf"^\| {status_of(error)} \|.*`{error.code}`", GUIDE, re.MULTILINE)
