"""A public address is one host with TLS, whatever way somebody types it."""

import pytest

from tracker.public_url import checked_public_url


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("https://tracker.example.org", "https://tracker.example.org"),
        (" HTTPS://Tracker.Example.ORG:443/ ", "https://tracker.example.org"),
        ("tracker.example.org", "https://tracker.example.org"),
        ("https://tracker.example.org:8443", "https://tracker.example.org:8443"),
        ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_an_address_is_kept_in_one_way(typed: str, kept: str) -> None:
    assert checked_public_url(typed) == kept
    assert checked_public_url(kept) == kept


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("http://tracker.example.org", "it must be https://tracker.example.org"),
        ("http://192.0.2.1", "it must be https://"),
        ("ftp://tracker.example.org", "expected https://"),
        ("https://tracker.example.org/webhooks/popp", "give the host alone"),
        ("https://tracker.example.org/?a=b", "give the host alone"),
        ("https://ann:secret@tracker.example.org", "give the host alone"),
        ("https://", "no host name"),
        ("https://bad host", "no host name"),
        ("https://-bad.example.org", "no host name"),
        ("https://büro.example.org", "no host name"),
        ("https://[::1", "IPv6"),
        ("https://tracker.example.org:99999", "ort"),
    ],
)
def test_anything_else_is_refused_in_words(typed: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        checked_public_url(typed)
