"""The package as others see it: its names, its twins, and an import without effects."""

import inspect
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import get_origin, get_type_hints

import memsvc_client
import pytest
from memsvc_client import AsyncBank, AsyncClient, Bank, Client, errors, filters, models
from memsvc_client.errors import MemsvcError
from memsvc_client.records import Record

CLIENT_ROOT = Path(__file__).parents[3] / "clients" / "python"
TWINS = [(Client, AsyncClient), (Bank, AsyncBank)]


def public_methods(kind: type) -> dict[str, inspect.Signature]:
    return {
        name: inspect.signature(method)
        for name, method in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }


@pytest.mark.parametrize(("kind", "twin"), TWINS)
def test_twins_have_the_same_methods_with_the_same_parameters(kind: type, twin: type) -> None:
    methods, twins = public_methods(kind), public_methods(twin)
    assert set(methods) == set(twins)
    for name, signature in methods.items():
        assert list(signature.parameters.values()) == list(twins[name].parameters.values()), name


@pytest.mark.parametrize(("kind", "twin"), TWINS)
def test_twins_return_the_same_results(kind: type, twin: type) -> None:
    for name in public_methods(kind):
        result = get_type_hints(getattr(kind, name))["return"]
        of_twin = get_type_hints(getattr(twin, name))["return"]
        if get_origin(result) is Iterator:
            assert get_origin(of_twin) is AsyncIterator, name
            assert result.__args__ == of_twin.__args__, name
        elif name != "bank":
            assert result == of_twin, name


@pytest.mark.parametrize(("kind", "twin"), TWINS)
def test_what_waits_is_awaited(kind: type, twin: type) -> None:
    at_once = {"bank", "from_env"}
    for name in public_methods(kind):
        returns = get_type_hints(getattr(kind, name))["return"]
        waits = name not in at_once and get_origin(returns) is not Iterator
        assert inspect.iscoroutinefunction(getattr(twin, name)) == waits, name


def test_constructors_differ_in_their_transport_alone() -> None:
    parameters = dict(inspect.signature(Client).parameters)
    of_twin = dict(inspect.signature(AsyncClient).parameters)
    parameters.pop("transport"), of_twin.pop("transport")
    assert parameters == of_twin


def defined_in(module: ModuleType, base: type) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
    }


def test_all_names_exist_in_order() -> None:
    exported = memsvc_client.__all__
    assert exported == sorted(exported)
    assert all(hasattr(memsvc_client, name) for name in exported)


def test_every_error_and_answer_is_exported() -> None:
    wanted = defined_in(errors, MemsvcError) | defined_in(models, Record) - {"Page"}
    assert wanted - set(memsvc_client.__all__) == set()
    assert {"Condition", "Filter", "all_of", "any_of", "meta", "not_"} <= vars(filters).keys()


def test_the_package_is_typed() -> None:
    assert (CLIENT_ROOT / "memsvc_client" / "py.typed").exists()


def test_import_touches_no_file_socket_or_environment_variable() -> None:
    program = """
import sys
import asyncio, email.utils, httpx2, logging, random  # their own imports are not under test
import os
from pydantic import BaseModel

class First(BaseModel):  # pydantic looks for its plugins once, and asks for them at every model
    pass

class Watched(dict):
    def get(self, *arguments):
        frames = sys._getframe(1), sys._getframe(2)  # os.getenv may stand between
        names = [frame.f_globals["__name__"] for frame in frames]
        assert any(name.startswith("pydantic.") for name in names), names
    __getitem__ = __contains__ = get

def audit(event, arguments):
    code = event == "open" and str(arguments[0]).endswith((".py", ".pyc"))
    if event.startswith(("open", "socket.", "subprocess.", "os.putenv", "os.mkdir")) and not code:
        raise AssertionError((event, arguments))

sys.dont_write_bytecode = True
os.environ = Watched()
sys.addaudithook(audit)
import memsvc_client
print(len(memsvc_client.__all__))
"""
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=CLIENT_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert int(finished.stdout) == len(memsvc_client.__all__)
