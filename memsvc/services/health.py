"""Whether the service can do its work: one check per part it stands on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from memsvc.errors import MemsvcError
from memsvc.ports import Embedder

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How one part is."""

    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How every part is; ready when all of them are."""

    checks: Mapping[str, Check]

    @property
    def ok(self) -> bool:
        """Whether requests can be served."""
        return all(check.ok for check in self.checks.values())


Probe = Callable[[], Awaitable[str]]
"""Returns a short description, or raises what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Runs the probes side by side, each under a time limit."""

    probes: Mapping[str, Probe]

    async def ready(self) -> Readiness:
        """Return what every probe found; never raises."""
        checks = await asyncio.gather(*(_check(probe) for probe in self.probes.values()))
        return Readiness(checks=dict(zip(self.probes, checks, strict=True)))


async def _check(probe: Probe) -> Check:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return Check(ok=True, detail=await probe())
    except TimeoutError:
        return Check(ok=False, detail=f"no answer within {_TIMEOUT_S:g} s")
    except MemsvcError as error:
        return Check(ok=False, detail=error.message)


def embedder_probe(embedder: Embedder) -> Callable[[], Awaitable[str]]:
    """Return the check that names the encoder of new banks."""

    async def probe() -> str:
        return f"{embedder.model.name}, {embedder.model.dimension} dimensions"

    return probe
