"""`memsvc serve`: what it announces."""

import pytest

from memsvc.cli import serving
from memsvc.cli.serving import ServeOptions
from memsvc.settings import Settings
from tests.fixtures.command_line import Run


@pytest.mark.parametrize(("key", "names_the_page"), [("", True), ("s3cret", False)])
def test_the_page_to_try_the_api_is_announced_only_where_a_browser_can_open_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, key: str, names_the_page: bool
) -> None:
    async def be_ready(_settings: Settings, options: ServeOptions) -> None:
        options.on_ready("http://127.0.0.1:8700")

    monkeypatch.setattr(serving, "serve_until_signalled", be_ready)
    if key:
        monkeypatch.setenv("MEMSVC_API_KEY", key)
    said = run("serve").stdout
    assert said.startswith("memsvc is ready at http://127.0.0.1:8700")
    assert ("/docs" in said) is names_the_page
