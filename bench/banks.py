"""Banks that last as long as a benchmark."""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from memsvc_client import Bank, Client

MakeBank: TypeAlias = Callable[[str], Bank]
"""Makes a fresh bank, named after what it is for."""

_SLUG_CHARS = 60


@contextmanager
def fresh_banks(client: Client, *, keep: bool) -> Iterator[MakeBank]:
    """Yield a function that makes banks; at the end all of them are deleted, unless kept.

    Not sooner: removing one is work for the service, which would disturb the next measurement.
    """
    run = uuid.uuid4().hex[:8]
    made: list[str] = []

    def make(purpose: str) -> Bank:
        name = bank_name(run, purpose, len(made))
        client.create_bank(name)
        made.append(name)
        return client.bank(name)

    try:
        yield make
    finally:
        if not keep:
            for name in made:
                client.delete_bank(name)


def bank_name(run: str, purpose: str, number: int) -> str:
    """Return a name that is unique and that the service takes, whatever the purpose is called."""
    slug = re.sub(r"[^a-z0-9._-]+", "-", purpose.lower())[:_SLUG_CHARS].strip("-")
    return "-".join(filter(None, ("bench", run, slug, str(number))))
