"""The delivery that proves the way, from the address that Popp is told to the page."""

import typer

from tracker.cli.reaching import try_delivery, unreachable
from tracker.cli.send import endpoint
from tracker.errors import NotReady
from tracker.settings import Settings


def deliver_first(settings: Settings, secret: str) -> None:
    """A test delivery as Popp would send one, from outside if that is possible.

    Raises NotReady when it did not come through the address that Popp is told.
    """
    public = settings.public_url
    reason = unreachable(public) if public else None
    url = settings.base_url if reason or not public else public
    failed = try_delivery(url, secret)
    if failed:
        raise NotReady(f"The test delivery to {endpoint(url)} failed: {failed}")
    typer.echo(f"✓ A test delivery came through {endpoint(url)}")
    typer.echo(
        f"✓ Open {url}: it stands on the page, and what comes next will appear there by itself"
    )
    if reason:
        raise NotReady(
            f"From outside it is not reached yet: {reason}. Then try again: "
            f"tracker send --test --url {public} --data {settings.data}"
        )
