"""Kills that are aimed: at the moment at which a tool of the daemon's is about to act, or has just acted."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tests.kernel.filters.programs import SOURCES

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host

STATEMENTS = """
    net.nft.table("inet", "guard");
    net.nft.set("inet", "guard", "admins", ["type": "ipv4_addr"]);
    net.nft.element("inet", "guard", "admins", "192.0.2.7");
    net.nft.chain("inet", "guard", "in", ["type": "filter", "hook": "input", "priority": "0", "policy": "drop"]);
    net.nft.rule("inet", "guard", "in", "ip saddr @admins accept");
    net.nft.rule("inet", "guard", "in", "ip saddr @admins accept");
    net.nft.rule("inet", "guard", "in", "ip saddr { 192.0.2.1, 192.0.2.5 } counter drop comment \\"two\\"");
    net.nft.rule("ip", "theirs", "c", "ip saddr 192.0.2.9 drop");
    net.nft.element("ip", "theirs", "s", "192.0.2.7");
    net.iptables.newchain("filter", "MINE");
    net.iptables.append("filter", "MINE", "-s", "192.0.2.9", "-j", "DROP");
    net.iptables.insert("filter", "INPUT", "-j", "MINE");
    net.iptables.append("filter", "INPUT", "-s", "198.51.100.9", "-j", "DROP");
    net.iptables.policy("filter", "FORWARD", "DROP", "ACCEPT");
    net.ebtables.newchain("filter", "MINE");
    net.ebtables.append("filter", "INPUT", "-p", "ARP", "-j", "DROP");
"""
# What somebody else has made: beside ours, and of the same words.
THEIRS = (
    "nft add table ip theirs; add chain ip theirs c; add rule ip theirs c ip saddr 192.0.2.9 drop; "
    "add set ip theirs s { type ipv4_addr; }",
    "iptables -A INPUT -s 198.51.100.9 -j DROP",
    "iptables -P FORWARD ACCEPT",  # makes the chain, which stays
    "ebtables -P INPUT ACCEPT",
)
TOOLS = ("nft", "iptables", "ebtables")
# before: it has not acted when the daemon is killed, and waits; late: it acts then; after: it has acted, and waits.
POINTS = ("before", "late", "after")
# $1 is nothing to the real tool: a script that is called by the tool's name.  Those that are not aimed at are the tool.
_SCRIPT = """#!/bin/sh
tool=${0##*/}
echo . >>FOLDER/called-$tool
read aimed point <FOLDER/aim-$tool
if [ "$(wc -l <FOLDER/called-$tool)" != "$aimed" ]; then exec REAL "$@"; fi
if [ $point = after ]; then
    REAL "$@"; status=$?
    echo >FOLDER/here; read go <FOLDER/go
    exit $status
fi
echo >FOLDER/here; read go <FOLDER/go
REAL "$@"
status=$?
echo >FOLDER/acted
exit $status
"""


class Aim(NamedTuple):
    """A tool, which of its calls, from 1, and a point."""

    tool: str
    call: int
    point: str


class Range:
    """A host where tools can be aimed at."""

    def __init__(self, host: Host, folder: Path, kind: str) -> None:
        """Put scripts in front of the tools.

        Shapes: kind is nft or legacy: who stands behind iptables.
        """
        self.host = host
        self._folder = folder
        self._kind = kind
        self._tools = folder / "bin"
        self._tools.mkdir()
        os.mkfifo(folder / "go")
        for tool in TOOLS:
            script = self._tools / f"{self._real(tool)}-script"  # whose name tells what it writes to
            script.write_text(_SCRIPT.replace("FOLDER", str(folder)).replace("REAL", f"/usr/sbin/{self._real(tool)}"))
            script.chmod(0o755)
            (self._tools / tool).symlink_to(script.name)
        self.aim(None)
        for line in THEIRS:
            tool, _, words = line.partition(" ")
            host.run(f"/usr/sbin/{self._real(tool)}", *([words] if tool == "nft" else words.split()))
        (folder / "x.ncd").write_text(f'process main {{ {STATEMENTS} println("complete"); }}')

    def _real(self, tool: str) -> str:
        return {"nft": "nft", "iptables": f"iptables-{self._kind}", "ebtables": "ebtables-nft"}[tool]

    def aim(self, aim: Aim | None) -> None:
        """Have a tool say that it is there, and wait; count calls from now on."""
        for name in ("here", "acted", *(f"called-{tool}" for tool in TOOLS)):
            (self._folder / name).unlink(missing_ok=True)
        for tool in TOOLS:
            aimed = aim is not None and aim.tool == tool
            (self._folder / f"aim-{tool}").write_text(f"{aim.call} {aim.point}\n" if aim and aimed else "0 none\n")

    def calls(self) -> dict[str, int]:
        """Return how often each tool was called."""
        files = {tool: self._folder / f"called-{tool}" for tool in TOOLS}
        return {tool: len(file.read_text().splitlines()) for tool, file in files.items() if file.exists()}

    def filters(self) -> str:
        """Return all of what the packet filter is."""
        text = self.host.run("nft", "-s", "list", "ruleset")
        if self._kind == "legacy":
            text += self.host.run("iptables-legacy-save")
        return "\n".join(line for line in text.splitlines() if not line.startswith("#"))

    def start(self) -> Child:
        """Start the daemon."""
        words = [sys.executable, "-m", "netstrata", "run", str(self._folder / "x.ncd")]
        return self.host.start(words, {"PYTHONPATH": str(SOURCES), "PATH": f"{self._tools}:/usr/sbin:/usr/bin:/bin"})

    def kill_at(self, aim: Aim) -> None:
        """Run the daemon, ask it to end if it is up before the tool is there, and kill it when it is."""
        self.aim(aim)
        here = self._folder / "here"
        daemon = self.start()
        wait_until("the tool, or the end", lambda: here.exists() or "complete\n" in daemon.output())
        if not here.exists():
            daemon.signal(signal.SIGTERM)
            wait_until("the tool", here.exists)
        daemon.signal(signal.SIGKILL)
        daemon.status()
        if aim.point == "late":
            with suppress(OSError):  # it has ended with its daemon
                descriptor = os.open(self._folder / "go", os.O_WRONLY | os.O_NONBLOCK)
                os.write(descriptor, b"\n")
                os.close(descriptor)
                wait_until("what the tool does", (self._folder / "acted").exists)
        self.aim(None)


def all_aims(here: Range) -> list[Aim]:
    """Run the daemon once, and return all that can be aimed at."""
    daemon = here.start()
    daemon.wait_output("complete\n")
    daemon.end()
    return [
        Aim(tool, call, point)
        for tool, calls in here.calls().items()
        for call in range(1, calls + 1)
        for point in POINTS
    ]


def survives(here: Range, aim: Aim) -> str:
    """Kill the daemon so, and run the next one to its end; return what is wrong after that, "" if nothing is."""
    before = here.filters()
    here.kill_at(aim)
    daemon = here.start()
    try:
        wait_until("the program", lambda: "complete\n" in daemon.output() or "Trying again in" in daemon.output())
    finally:
        status = daemon.end()
    output = daemon.output()
    after = here.filters()
    if status or "complete\n" not in output or "Traceback" in output:
        return f"{aim}: stuck, exit status {status}:\n{output}"
    if aim.point != "late" and "ended the children that it has left" not in output:
        return f"{aim}: the tool was not ended:\n{output}"
    if after != before:
        return f"{aim}: left\n{after}\nwhere was\n{before}\n{output}"
    return ""
