"""When a daemon has taken over, or undone, all that the one before it has left."""

import os

from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams


@impairment
def settled(seams: Seams, *, to: str) -> None:
    """Make an empty file as soon as nothing is left of the daemon before: no fault, but a test can wait for it."""

    def on_settled() -> None:
        os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))

    seams.on_settled.append(on_settled)
