"""What templates make of states and of addresses that were received."""

from web.rendering import badge_html, web


def test_a_state_without_a_badge_is_shown_as_it_is_written() -> None:
    assert "Something odd" in badge_html("SOMETHING_ODD", "run")


def test_only_addresses_of_the_web_are_links() -> None:
    assert web("https://popp.example/x") == "https://popp.example/x"
    assert web("javascript:alert(1)") == ""
    assert web(None) == ""
