"""Where settings come from, in which order, and what a wrong one says."""

import stat
from pathlib import Path

import pytest

from tracker.errors import InvalidInput, NotReady
from tracker.settings import load_settings, prepare_data, unknown_variables


def write(data: Path, text: str) -> None:
    (data / "tracker.toml").write_text(text)


def test_defaults_listen_on_loopback_and_accept_one_mebibyte() -> None:
    settings = load_settings()

    assert (settings.data, settings.host, settings.port) == (Path("data"), "127.0.0.1", 8000)
    assert settings.max_body_bytes == 1024 * 1024
    assert settings.delivery_retention_days == 90
    assert settings.is_local


def test_an_option_beats_the_environment_which_beats_the_file(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(data, "port = 1\nhost = '::1'\nproof_hour = 5\n")
    monkeypatch.setenv("TRACKER_PORT", "2")
    monkeypatch.setenv("TRACKER_HOST", "localhost")

    settings = load_settings(data, port=3, host=None)

    assert (settings.port, settings.host, settings.proof_hour) == (3, "localhost", 5)


def test_the_file_is_looked_for_in_the_directory_that_the_environment_names(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(data, "port = 4321\n")
    monkeypatch.setenv("TRACKER_DATA", str(data))

    assert load_settings().port == 4321


def test_secrets_are_separated_by_commas_and_never_shown(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_SIGNING_SECRETS", "first, second,,")

    settings = load_settings(data)

    assert settings.secrets == ("first", "second")
    assert "first" not in repr(settings)


def test_secrets_may_be_a_list_in_the_file(data: Path) -> None:
    write(data, "signing_secrets = ['one', 'two']\n")

    assert load_settings(data).secrets == ("one", "two")


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "99999"), ("max_body_bytes", "12"), ("proof_hour", "24"), ("log_format", "loud")],
)
def test_a_wrong_value_names_the_setting_the_value_and_where_to_correct_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"TRACKER_{name.upper()}"
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidInput) as caught:
        load_settings()

    assert caught.value.field == name
    assert all(part in str(caught.value) for part in (name, value, variable, "tracker.toml"))


def test_a_wrong_option_is_corrected_on_the_command_line(data: Path) -> None:
    with pytest.raises(InvalidInput, match=r"port is 70000: .* Correct --port"):
        load_settings(data, port=70000)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 1", "'prot' in tracker.toml is not a setting; there are data, host, port"),
        ("port = ", "tracker.toml can't be read as TOML"),
        ("data = '/elsewhere'", "data can't be set in a file that lies in it; use --data"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(data: Path, text: str, says: str) -> None:
    write(data, text)

    with pytest.raises(InvalidInput) as caught:
        load_settings(data)

    assert says in str(caught.value)


def test_a_wrong_secret_is_not_repeated(data: Path) -> None:
    write(data, "signing_secrets = ['kept to ourselves', 5]\n")

    with pytest.raises(InvalidInput) as caught:
        load_settings(data)

    assert "kept to ourselves" not in str(caught.value)


def test_a_new_data_directory_is_its_owners_alone(tmp_path: Path) -> None:
    made = prepare_data(load_settings(tmp_path / "deep" / "data"))

    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_data_directory_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(NotReady, match=r"can't be made .* name another with --data"):
        prepare_data(load_settings(tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - that it is not local is what is tested
        ("::", False),
        ("192.0.2.1", False),
        ("example.com", False),
    ],
)
def test_only_loopback_is_local(host: str, local: bool) -> None:
    assert load_settings(host=host).is_local is local


def test_misspelt_variables_are_found() -> None:
    environment = {"TRACKER_PORT": "1", "TRACKER_PROT": "2", "OTHER": "3"}

    assert unknown_variables(environment) == ["TRACKER_PROT"]
