"""What templates make of states and of addresses that were received."""

from web.rendering import badge_html, commands, web


def test_a_state_without_a_badge_is_shown_as_it_is_written() -> None:
    assert "Something odd" in badge_html("SOMETHING_ODD", "run")


def test_only_addresses_of_the_web_are_links() -> None:
    assert web("https://popp.example/x") == "https://popp.example/x"
    assert web("javascript:alert(1)") == ""
    assert web(None) == ""


def test_what_is_to_be_typed_stands_out_and_nothing_else_is_markup() -> None:
    said = commands("<b>no</b>; type `tracker user reset <name>`")
    assert said == "&lt;b&gt;no&lt;/b&gt;; type <code>tracker user reset &lt;name&gt;</code>"
