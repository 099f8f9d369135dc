"""The address at which others reach the service: checked, and written one way."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

EXAMPLE: Final = "https://tracker.example.org"
HOST: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
LONGEST_HOST: Final = 253


# A proxy on this machine, which is where `tracker install` and `tracker setup` expect it.
LOCAL_PROXIES: Final = "127.0.0.1,::1"


def with_its_proxy(public_url: str) -> dict[str, str]:
    """The settings that an address needs: over TLS a proxy stands in front, and is trusted."""
    if not public_url:
        return {}
    proxied = public_url.startswith("https:")
    return {"public_url": public_url} | ({"trusted_proxies": LOCAL_PROXIES} if proxied else {})


def checked_public_url(text: str) -> str:
    """An address without a path, in lower case and without a slash at its end.

    Only this machine itself may be reached without TLS. Raises ValueError that says what
    is wrong and how it should look.
    """
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"https://{text}")
    host, given_port = (parts.hostname or "").lower(), parts.port
    if parts.scheme not in {"https", "http"}:
        raise ValueError(f"it begins with {parts.scheme}://, expected https://")
    if parts.username is not None or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise ValueError(f"give the host alone, such as {EXAMPLE}; paths are added where needed")
    if not _is_host(host):
        raise ValueError(f"{host!r} is no host name; it should look like {EXAMPLE}")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise ValueError(f"deliveries hold personal data, so it must be https://{host}")
    shown = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = "" if given_port in {None, usual} else f":{given_port}"
    return f"{parts.scheme}://{shown}{port}"


def _is_host(host: str) -> bool:
    return _is_address(host) or (len(host) <= LONGEST_HOST and bool(HOST.fullmatch(host)))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_this_machine(host: str) -> bool:
    return ip_address(host).is_loopback if _is_address(host) else host == "localhost"
