"""The service that is measured: a running one, or one started for the occasion."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from memsvc_client import Client

from bench.banks import MakeBank, fresh_banks
from bench.own_service import OwnService, own_service
from bench.progress import console
from bench.results import own_service_settings
from memsvc.settings import Settings

CALL_LIMIT_S = 600.0
"""Longer than a service gives any call: it is the service that says when one takes too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOptions:
    """Which service to measure, and what to leave behind."""

    url: str | None = None
    """``None`` starts one."""
    api_key: str | None = None
    keep: bool = False
    """Whether the banks stay; those of a service started here go with its data."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Settings of a service started here that come before the environment's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredService:
    """A connection to the service that is measured."""

    client: Client
    url: str
    api_key: str | None
    make_bank: MakeBank
    own: OwnService | None
    """``None`` for one that was running already."""

    def describe(self) -> dict[str, object]:
        """Return what it runs, and with which settings as far as these are known here."""
        version = self.client.version()
        checks = self.client.ready().checks
        return {
            "started_here": self.own is not None,
            "version": version.version,
            "api": version.api,
            "embedder": checks["embedder"].detail,
            "index": checks["index"].detail,
            "settings": None if self.own is None else own_service_settings(),
        }


@contextmanager
def measured_service(options: ServiceOptions) -> Iterator[MeasuredService]:
    """Yield the service to measure; its banks are removed at the end, and so is an own service."""
    if options.url is not None:
        with _connected(options.url, options) as service:
            yield service
        return
    console.print("Starting a service …")
    with own_service(options.environment) as own, _connected(own.url, options, own) as service:
        yield service


def _goes_with_its_data(own: OwnService | None) -> bool:
    """Tell whether a service has a database of its own that ends with it."""
    return own is not None and Settings().database_url is None


@contextmanager
def _connected(
    url: str, options: ServiceOptions, own: OwnService | None = None
) -> Iterator[MeasuredService]:
    with (
        Client(url, api_key=options.api_key, timeout_s=CALL_LIMIT_S) as client,
        fresh_banks(client, keep=options.keep or _goes_with_its_data(own)) as make_bank,
    ):
        yield MeasuredService(
            client=client, url=url, api_key=options.api_key, make_bank=make_bank, own=own
        )
