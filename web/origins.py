"""Where a request came from: through which proxies, over TLS or not, and from which site.

What a proxy says counts only when the setting `trusted_proxies` names it. Of the addresses
in `X-Forwarded-For` the last one that no trusted proxy has is the sender: everything
before it the sender may have made up.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

import msgspec

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})
UNSPECIFIED: Final = ip_address("0.0.0.0")  # noqa: S104 - stands for a sender who is not known

Address = IPv4Address | IPv6Address


class Origin(msgspec.Struct, frozen=True):
    """Who sent a request, at which host of ours, and whether over TLS."""

    remote: str
    host: str
    secure: bool

    @property
    def local(self) -> bool:
        """Whether the browser asked its own machine: on the way there nobody listens."""
        return host_name(self.host) in LOCAL_NAMES

    @property
    def site(self) -> str:
        """Our own origin as the browser sees it."""
        return f"{'https' if self.secure else 'http'}://{self.host}"

    @property
    def network(self) -> str:
        """What one sender can't change at will: an IPv4 address, of IPv6 the first 64 bits."""
        address = _address(self.remote)
        if isinstance(address, IPv6Address):
            return str(IPv6Network((int(address) >> 64 << 64, 64)))
        return str(address)


def origin_of(scope: Any, trusted: Sequence[Any]) -> Origin:
    """The origin of a request, given its scope and the networks of trusted proxies."""
    named = {"host": [], "x-forwarded-for": [], "x-forwarded-proto": []}  # type: dict[str, list[str]]
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        if key in named:
            named[key].append(value.decode("latin-1"))
    client = scope.get("client")
    peer = client[0] if client else ""
    secure, remote = scope.get("scheme") == "https", peer
    if _within(_address(peer), trusted):
        hops = [hop.strip() for line in named["x-forwarded-for"] for hop in line.split(",")]
        remote = _sender([peer, *reversed([hop for hop in hops if hop])], trusted)
        said = ",".join(named["x-forwarded-proto"]).split(",")[-1].strip().lower()
        secure = said == "https" if said else secure
    return Origin(remote, named["host"][0] if named["host"] else "", secure)


def host_name(host: str) -> str:
    """The name in a Host header, without the port."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0].lower()


def _sender(hops: Sequence[str], trusted: Sequence[Any]) -> str:
    """The first of the addresses, from the nearest on, that is no trusted proxy's."""
    for hop in hops:
        if not _within(_address(hop), trusted):
            return str(_address(hop))
    return str(_address(hops[-1]))


def _address(text: str) -> Address:
    """An address with or without a port; what is none stands for nobody in particular."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return UNSPECIFIED
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _within(address: Address, networks: Sequence[Any]) -> bool:
    return any(address.version == one.version and address in one for one in networks)
