"""Where the service is, as the environment says; read on request only, for command lines."""

import os
from typing import TypedDict

DEFAULT_URL = "http://127.0.0.1:8700"


class Address(TypedDict):
    """Where the service listens, and the key it asks for."""

    url: str
    api_key: str | None


def read_address() -> Address:
    """Return the address in ``MEMSVC_URL`` and the key in ``MEMSVC_API_KEY``; empty is unset."""
    # A library for other programs has no settings of its own: this is all it reads.
    environment = os.environ  # noqa: TID251
    return Address(
        url=environment.get("MEMSVC_URL") or DEFAULT_URL,
        api_key=environment.get("MEMSVC_API_KEY") or None,
    )
