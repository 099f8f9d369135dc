"""`tracker secret`: the signing secrets that deliveries are checked with."""

from typing import Annotated, Any

import typer

from tracker.cli.asking import piped
from tracker.cli.drawing import print_table
from tracker.cli.options import DataOption, JsonOption, control_of, example, family, operator
from tracker.cli.output import print_json, say, time_or_none
from tracker.cli.send import endpoint
from tracker.control import Secret

register, app = family("secret", "Signing secrets that deliveries are checked with.")


@app.command(epilog=example("tracker secret add --label popp --value - < secret.txt"))
def add(
    label: Annotated[str, typer.Option(help="A name for the secret, such as popp-2026.")],
    value: Annotated[
        str | None,
        typer.Option(
            help="The secret from the provider's portal, `-` to read it from standard input; "
            "without it one is made.",
            show_default=False,
        ),
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add a signing secret. A running service accepts it within a second."""
    settings, control = control_of(data)
    given = None if value is None else piped(value)
    secret = control.add_secret(label, given, actor=operator())
    if json:
        print_json({**_described(secret), "value": secret.value})
        return
    if given is None:
        typer.echo(secret.value)
        say(f"Secret {secret.label!r} was made: enter the value above in Popp's portal,")
    else:
        say(f"Secret {secret.label!r} was added, for Popp's webhook endpoint")
    say(f"where the address is {endpoint(settings.public_url or settings.base_url)}")
    say(f"Try it beside a running service: tracker send --test --data {settings.data}")


@app.command("list", epilog=example("tracker secret list --json"))
def list_(
    revoked: Annotated[
        bool, typer.Option("--revoked", help="Also those that were revoked.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """List the secrets and when each last verified a delivery. Their values are not shown."""
    _, control = control_of(data)
    secrets = control.secrets() + (control.revoked_secrets() if revoked else [])
    described = [_described(secret) for secret in secrets]
    if json:
        print_json(described)
        return
    print_table(
        ("label", "from", "added", "last verified", "revoked"),
        [tuple(one.values()) for one in described],
        empty="There is no signing secret; add one with `tracker secret add --label popp`",
    )


@app.command(epilog=example("tracker secret revoke popp-2025"))
def revoke(
    label: Annotated[str, typer.Argument(help="The secret's label.", show_default=False)],
    data: DataOption = None,
) -> None:
    """Take a secret away: what it signs is rejected within a second."""
    _, control = control_of(data)
    control.revoke_secret(label, actor=operator())
    say(f"Secret {label!r} was revoked")


def _described(secret: Secret) -> dict[str, Any]:
    return {
        "label": secret.label,
        "source": "settings" if secret.configured else "control.db",
        "created_at": None if secret.configured else time_or_none(secret.created_at),
        "last_verified_at": time_or_none(secret.last_verified_at),
        "revoked_at": time_or_none(secret.revoked_at),
    }
