"""The link by which the first engineer comes in, said where a new service is started."""

from tracker.cli.output import say
from tracker.control import Control
from tracker.people import LINK
from tracker.settings import Settings


def say_first_link(settings: Settings, url: str) -> None:
    """Make the link and say it, as long as nobody may sign in; `url` is this machine's own way."""
    if settings.open_access:
        return
    secret = Control(settings.control_path).people.first_link()
    if secret is not None:
        where = settings.public_url or url
        say("Nobody may sign in yet. For the first engineer, once, within 30 minutes:")
        say(f"  {where}{LINK}{secret}")
