"""`netstrata recover`: undo what a daemon that was killed has left."""

import argparse
import sys

from netstrata.cli.run import daemon_name
from netstrata.control.exit_codes import FAILED, OK
from netstrata.daemon.recover import Recoverable
from netstrata.values import Unavailable


def recover(options: argparse.Namespace) -> int:
    """List what is left, and undo it unless that is all that is wanted."""
    try:
        left = Recoverable(daemon_name(options.control))
    except Unavailable as error:
        print(
            f"error: {error}\nhelp: what a running daemon holds is undone when it ends: systemctl stop, SIGTERM",
            file=sys.stderr,
        )
        return FAILED
    for line in left.describe():
        print(line)
    problems = [] if options.dry_run else left.undo()
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return FAILED if problems else OK
