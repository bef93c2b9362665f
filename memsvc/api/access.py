"""Who may call: whoever has the key or, where there is none, this machine's own programs."""

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from memsvc.errors import ForbiddenError, UnauthorizedError

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""For probes, which have no key; they tell nothing about what is stored."""


class AccessGuard:
    """Turns callers away before anything of their request is read."""

    def __init__(self, app: ASGIApp, api_key: SecretStr | None) -> None:
        """Ask for ``api_key``; without one, for a local name and no foreign web page."""
        self._app = app
        self._key = None if api_key is None else api_key.get_secret_value().encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises ``UnauthorizedError`` or ``ForbiddenError``."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            headers = Headers(scope=scope)
            if self._key is None:
                _require_local(headers)
            else:
                _require_key(headers, self._key)
        await self._app(scope, receive, send)


def _require_key(headers: Headers, key: bytes) -> None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.strip().encode("latin-1"), key)
    if scheme.lower() != "bearer" or not is_right:
        raise UnauthorizedError


def _require_local(headers: Headers) -> None:
    """Keep browsers from lending a foreign page their place on this machine.

    A page that rebinds its own name to 127.0.0.1 still sends that name as ``Host``; a page that
    posts across origins, for which no preflight is asked, sends its ``Origin``.
    """
    host = headers.get("host", "")
    if not _is_loopback(host):
        raise ForbiddenError(host=host)
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise ForbiddenError(origin=origin)


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
