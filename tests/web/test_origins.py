"""Where a request came from, and how guesses from there are slowed down."""

from ipaddress import ip_network
from typing import Any

import pytest

from tracker.timing import HOUR, MINUTE, SECOND
from web.origins import UNSPECIFIED, origin_of
from web.throttle import FREE, LONGEST, PLACES, Throttle

PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]


def origin(
    peer: str, *, forwarded: str = "", proto: str = "", host: str = "run.example.org"
) -> Any:
    headers = [(b"host", host.encode())]
    headers += [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    scope = {"headers": headers, "client": (peer, 1), "scheme": "http"}
    return origin_of(scope, PROXIES)


@pytest.mark.parametrize(
    ("peer", "forwarded", "remote"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db9::1]:443", "2001:db9::1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "nonsense", str(UNSPECIFIED)),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
    ],
)
def test_the_sender_is_the_last_one_that_no_trusted_proxy_has(
    peer: str, forwarded: str, remote: str
) -> None:
    assert origin(peer, forwarded=forwarded).remote == remote


def test_tls_is_believed_of_trusted_proxies_alone() -> None:
    assert origin("10.0.0.1", proto="https").secure
    assert not origin("192.0.2.1", proto="https").secure
    assert not origin("10.0.0.1", proto="http").secure


def test_one_sender_has_one_network_however_many_addresses() -> None:
    assert origin("2001:db9::1").network == origin("2001:db9::ffff:1").network
    assert origin("2001:db9::1").network != origin("2001:db9:0:1::1").network
    assert origin("192.0.2.1").network == "192.0.2.1"


def test_each_failure_beyond_a_few_doubles_the_wait_up_to_a_limit() -> None:
    throttle, at, waits = Throttle(), HOUR, []
    for _ in range(30):
        throttle.failed({"account": "jo"}, at)
        waits.append(throttle.wait({"account": "jo"}, at))
    assert waits[: FREE["account"] - 1] == [0] * (FREE["account"] - 1)
    assert waits[FREE["account"] - 1 : FREE["account"] + 2] == [SECOND, 2 * SECOND, 4 * SECOND]
    assert waits[-1] == LONGEST
    assert throttle.wait({"account": "jo"}, at + LONGEST) == 0
    assert throttle.wait({"account": "mo"}, at) == 0


def test_a_success_forgets_the_account_and_time_forgets_all() -> None:
    throttle = Throttle()
    for _ in range(40):
        throttle.failed({"account": "jo", "address": "192.0.2.1"}, HOUR)
    throttle.succeeded("jo")
    assert throttle.wait({"account": "jo"}, HOUR) == 0
    assert throttle.wait({"address": "192.0.2.1"}, HOUR) > 0
    assert throttle.wait({"address": "192.0.2.1"}, 3 * HOUR) == 0


def test_a_flood_of_names_neither_grows_the_memory_nor_pushes_a_count_out() -> None:
    throttle = Throttle()
    for _ in range(12):
        throttle.failed({"account": "jo"}, HOUR)
    for number in range(20_000):
        throttle.failed({"account": f"made up {number}"}, HOUR)
    assert throttle.wait({"account": "jo"}, HOUR) >= MINUTE
    assert len(throttle._failures) == len(throttle._last) == PLACES
