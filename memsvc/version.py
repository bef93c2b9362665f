"""Which release of the service this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def installed_version() -> str:
    """Return the version of the installed distribution; a source tree has none of its own."""
    try:
        return version("memsvc")
    except PackageNotFoundError:
        return "0.0.0+source"
