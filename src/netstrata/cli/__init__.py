"""The commands; the only room that prints to a terminal."""

import signal
import sys

INTERRUPTED = 130  # what a shell says of a command that SIGINT has ended


def main() -> None:
    """Run the command named on the command line."""
    try:
        from netstrata.cli.dispatch import run_command
        from netstrata.cli.streams import open_missing

        open_missing()
        code = run_command(sys.argv[1:])
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is ending; another one would only break that off
        code = INTERRUPTED
    sys.exit(code)
