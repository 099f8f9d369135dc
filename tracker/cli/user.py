"""`tracker user`: who may sign in. Works beside a running service and without one."""

from typing import Annotated, Any

import typer

from tracker.access import Grant, Role, checked_organizations
from tracker.cli.drawing import print_table
from tracker.cli.options import DataOption, JsonOption, control_of, example, family, operator
from tracker.cli.output import print_json, say, time_or_none
from tracker.people import LINK, Person
from tracker.settings import Settings

register, app = family("user", "People who may sign in.")

EmailArgument = Annotated[str, typer.Argument(help="The e-mail address.", show_default=False)]
RoleOption = Annotated[
    Role, typer.Option(help="viewer sees no personal data, manager the pages, engineer everything.")
]
OrganizationOption = Annotated[
    list[str],
    typer.Option(
        "--organization", help="Only what belongs to it; may be given again.", show_default=False
    ),
]
NONE: list[str] = []


@app.command(epilog=example("tracker user add jo@example.org --role manager"))
def add(
    email: EmailArgument,
    role: RoleOption,
    organization: OrganizationOption = NONE,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Add somebody, and print a link by which they set their password within 7 days."""
    settings, control = control_of(data)
    grant = Grant(role, checked_organizations(organization))
    person, secret = control.people.add(email, grant, actor=operator())
    _print_link(settings, person, secret, "within 7 days", json=json)


@app.command("list", epilog=example("tracker user list --json"))
def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """List who may sign in."""
    _, control = control_of(data)
    described = [_described(person) for person in control.people.all()]
    if json:
        print_json(described)
        return
    print_table(
        ("e-mail", "role", "organizations", "password", "codes", "added"),
        [
            (*list(one.values())[:2], ", ".join(one["organizations"] or ["all"]), *rest)
            for one in described
            for rest in [list(one.values())[3:]]
        ],
        empty="Nobody may sign in yet; add an engineer with "
        "`tracker user add jo@example.org --role engineer`",
    )


@app.command(epilog=example("tracker user role jo@example.org --role viewer"))
def role(
    email: EmailArgument,
    role: RoleOption,
    organization: OrganizationOption = NONE,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Give somebody another role or other organizations; they have to sign in again."""
    _, control = control_of(data)
    grant = Grant(role, checked_organizations(organization))
    person = control.people.change(email, grant, actor=operator())
    if json:
        print_json(_described(person))
    say(f"{person.email} is {grant.role} of {', '.join(grant.organizations or ['all'])} now")


@app.command(epilog=example("tracker user reset jo@example.org"))
def reset(email: EmailArgument, data: DataOption = None, json: JsonOption = False) -> None:
    """Print a link by which somebody sets a new password, without codes at first."""
    settings, control = control_of(data)
    person, secret = control.people.reset(email, actor=operator())
    _print_link(settings, person, secret, "within 24 hours", json=json)


@app.command(epilog=example("tracker user remove jo@example.org"))
def remove(email: EmailArgument, data: DataOption = None) -> None:
    """Take somebody away; their open pages end within seconds."""
    _, control = control_of(data)
    control.people.remove(email, actor=operator())
    say(f"{email} was removed")


def _print_link(settings: Settings, person: Person, secret: str, when: str, *, json: bool) -> None:
    link = f"{settings.address}{LINK}{secret}"
    if json:
        print_json({**_described(person), "link": link})
        return
    say(f"Hand this link to {person.email}; it works once, {when}:")
    typer.echo(link)


def _described(person: Person) -> dict[str, Any]:
    return {
        "email": person.email,
        "role": person.grant.role,
        "organizations": person.grant.organizations,
        "has_password": person.has_password,
        "has_totp": person.has_totp,
        "created_at": time_or_none(person.created_at),
    }
