"""The commands; the only room that prints to a terminal."""

import sys


def main() -> None:
    """Run the command named on the command line."""
    from netstrata.cli.commands import run_command

    sys.exit(run_command(sys.argv[1:]))
