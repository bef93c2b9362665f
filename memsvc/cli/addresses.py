"""Addresses of services, as clients write them."""

from ipaddress import IPv6Address, ip_address


def client_url(host: str, port: int) -> str:
    """Return where a client of this machine reaches a service that listens on ``host``."""
    try:
        address = ip_address(host)
    except ValueError:  # a name
        return f"http://{host}:{port}"
    is_v6 = isinstance(address, IPv6Address)
    if address.is_unspecified:
        address = ip_address("::1" if is_v6 else "127.0.0.1")
    return f"http://[{address}]:{port}" if is_v6 else f"http://{address}:{port}"
