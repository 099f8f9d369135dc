"""`tracker token`: tokens by which programs use the API."""

from typing import Annotated, Any

import typer

from tracker.access import Grant, checked_organizations
from tracker.cli.drawing import print_table
from tracker.cli.options import DataOption, JsonOption, control_of, example, family, operator
from tracker.cli.output import print_json, say, time_or_none
from tracker.cli.user import NONE, OrganizationOption, RoleOption
from tracker.tokens import DAYS, MOST_DAYS, Token

register, app = family("token", "Tokens by which programs use the API.")

NameArgument = Annotated[
    str, typer.Argument(help="A name, such as that of the program.", show_default=False)
]


@app.command(epilog=example("tracker token add reports --role viewer --days 90"))
def add(
    name: NameArgument,
    role: RoleOption,
    organization: OrganizationOption = NONE,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How long it counts.")] = DAYS,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Make a token, to be sent as `Authorization: Bearer …`. It is shown this once."""
    _, control = control_of(data)
    grant = Grant(role, checked_organizations(organization))
    token, value = control.tokens.add(name, grant, actor=operator(), days=days)
    if json:
        print_json({"token": value, **_described(token)})
        return
    typer.echo(value)
    say(f"Token {token.name!r} counts until {time_or_none(token.expires_at)}; keep it safe")


@app.command("list", epilog=example("tracker token list --json"))
def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """List the tokens and when each was last used. Their values can't be shown."""
    _, control = control_of(data)
    described = [_described(token) for token in control.tokens.all()]
    if json:
        print_json(described)
        return
    print_table(
        ("name", "role", "organizations", "made by", "made", "ends", "last used"),
        [
            tuple(", ".join(v or ["all"]) if n == "organizations" else v for n, v in one.items())
            for one in described
        ],
        empty="There is no token; make one with `tracker token add reports --role viewer`",
    )


@app.command(epilog=example("tracker token revoke reports"))
def revoke(name: NameArgument, data: DataOption = None) -> None:
    """Take a token away; what it keeps open ends within seconds."""
    _, control = control_of(data)
    control.tokens.revoke(control.tokens.named(name).id, actor=operator())
    say(f"Token {name!r} was revoked")


def _described(token: Token) -> dict[str, Any]:
    return {
        "name": token.name,
        "role": token.grant.role,
        "organizations": token.grant.organizations,
        "made_by": token.made_by,
        "created_at": time_or_none(token.created_at),
        "expires_at": time_or_none(token.expires_at),
        "used_at": time_or_none(token.used_at),
    }
