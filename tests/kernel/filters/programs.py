"""Programs run by the daemon on a host of the lab."""

import sys
from pathlib import Path

import netstrata
from netstrata.testing.child import Child
from netstrata.testing.host import Host

SOURCES = Path(netstrata.__file__).parents[1]


def started(host: Host, program: Path, text: str, *options: str) -> Child:
    """Start the daemon with a program."""
    program.write_text(text)
    words = [sys.executable, "-m", "netstrata", "run", str(program), *options]
    return host.start(words, {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"})


def up(host: Host, program: Path, statements: str, *options: str) -> Child:
    """Start the daemon with one process of statements, and wait until all of them are up."""
    daemon = started(host, program, f'process main {{ {statements} println("complete"); }}', *options)
    daemon.wait_output("complete\n")
    return daemon
