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


def with_legacy_tools(host: Host, folder: Path, statements: str) -> Child:
    """Start the daemon where iptables is the one of old, and wait until its statements are up."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    if not (tools / "iptables").exists():
        (tools / "iptables").symlink_to("/usr/sbin/iptables-legacy")
    program = folder / "x.ncd"
    program.write_text(f'process main {{ {statements} println("complete"); }}')
    words = [sys.executable, "-m", "netstrata", "run", str(program)]
    daemon = host.start(words, {"PYTHONPATH": str(SOURCES), "PATH": f"{tools}:/usr/bin:/bin"})
    daemon.wait_output("complete\n")
    return daemon
