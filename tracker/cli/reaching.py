"""Whether the service is reached by an address, and in words why not."""

import http.client
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from tracker.cli.send import endpoint, test_delivery
from tracker.sender import send

TIMEOUT: Final = 10.0


def unreachable(url: str) -> str | None:
    """Why a service is not reached at an address, with what to do; None when it is."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        said = answer.read(100)
    except (OSError, http.client.HTTPException) as error:
        return _reason(error, parts.netloc)
    finally:
        connection.close()
    if (answer.status, said) == (http.client.OK, b"ok\n"):
        return None
    return f"{url} answers {answer.status}, but not as this service; does the proxy point to it?"


def try_delivery(url: str, secret: str) -> str | None:
    """Post a test delivery to a service; None when it was stored, else what went wrong."""
    address = endpoint(url)
    summary = send(address, secret, [test_delivery(address)], concurrency=1)
    if summary.outcomes == {"accepted": 1}:
        return None
    return "; ".join(summary.errors) or f"it was answered {', '.join(summary.outcomes)}"


def _reason(error: Exception, host: str) -> str:
    match error:
        case socket.gaierror():
            return f"the name {host} is not known; add it to the DNS, pointing to this machine"
        case ssl.SSLCertVerificationError():
            return f"{host} shows a certificate that is not valid: {error.verify_message}"
        case ConnectionRefusedError():
            return f"nothing listens at {host}; start the proxy that holds the certificate"
        case TimeoutError():
            return f"{host} did not answer within {TIMEOUT:.0f} seconds; does a firewall block it?"
        case _:
            return f"{host} can't be reached: {error}"
