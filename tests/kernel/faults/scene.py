"""A host with things of others, where a daemon holds what the families ask for."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.kernel.faults.families import FAMILIES, LOOK, program
from tests.kernel.faults.fork_server import ForkServer

from netstrata.cli.client import Connection
from netstrata.control.errors import NoAnswer, NoDaemon
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

SLOW_S = float(os.environ.get("NETSTRATA_FAULTS_S", "60"))  # for what should be there at once
CONTROL = "/run/control"
FAULT = "/run/fault"  # as long as it is there, something goes wrong
ENDING = "/run/ending"  # that, while the daemon undoes things


_TRANSITIONS = ("-> up", "-> dying", "-> gone", "-> down")


class Scene:
    """One host, for one daemon after the other."""

    def __init__(self, server: ForkServer, folder: Path) -> None:
        """Make it, with what others have there."""
        self._server = server
        self._folder = folder
        self.lab = Lab()
        self.host = self.lab.host("host")
        self.router = self.lab.host("router")
        self.cable = self.lab.cable((self.host, "lan"), (self.router, "lan"))
        self.router.up("lan", "10.7.0.1/24")
        self.dhcp = self._serve()
        ready = "".join(f"{family.ready};\n" for family in FAMILIES.values())
        self.sh("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0; true;\n" + ready)
        self.sh("ip link set set alias theirs")
        self.before = self.look()

    def _serve(self) -> Child:
        return self.router.dhcp_server("lan", ("10.7.0.50", "10.7.0.50"), router="10.7.0.1")

    def serve_again(self) -> None:
        """Have a DHCP server again."""
        self.dhcp = self._serve()

    def sh(self, line: str) -> str:
        """Have somebody do something."""
        return self.host.run("sh", "-c", line)

    def look(self) -> list[str]:
        """Return what is there, line by line."""
        return sorted((*self.host.kernel().splitlines(), *self.sh(LOOK).splitlines()))

    def start(self, names: tuple[str, ...], impair: str = "", *options: str) -> "Daemon":
        """Start a daemon that holds what some families ask for."""
        path = self._folder / "x.ncd"
        path.write_text(program(names))
        environment = {"PATH": "/usr/sbin:/usr/bin:/bin"}
        if impair:
            environment["NETSTRATA_IMPAIR"] = impair
        words = ["run", str(path), "--control", CONTROL, "--retry-time", "100", *options]
        return Daemon(self._server.start(self.host, words, environment), self.host, names)

    def run(self, *words: str) -> Child:
        """Run another command of netstrata."""
        return self._server.start(self.host, words, {"PATH": "/usr/sbin:/usr/bin:/bin"})

    def begin(self, file: str) -> None:
        """Have something go wrong from now on."""
        self.host.write(file, "")

    def over(self, file: str) -> None:
        """Have nothing go wrong any more."""
        self.host.call(lambda: Path(file).unlink(missing_ok=True))

    def lacks(self, names: tuple[str, ...], seen: list[str] | None = None) -> list[str]:
        """Return what is not there although families hold it, and what of others is not there that was before."""
        seen = self.look() if seen is None else seen
        wanted = [line for name in names for line in FAMILIES[name].up]
        gone = {line for family in FAMILIES.values() for line in family.gone}
        return [line for line in (*wanted, *(line for line in self.before if line not in gone)) if line not in seen]

    def left(self) -> list[str]:
        """Return what is otherwise than before: + has come, - has gone."""
        now = self.look()
        came = [f"+ {line}" for line in now if line not in self.before]
        return came + [f"- {line}" for line in self.before if line not in now]

    def close(self) -> None:
        """Let go of it."""
        self.lab.close()


class Daemon:
    """One daemon of a scene."""

    def __init__(self, child: Child, host: Host, names: tuple[str, ...]) -> None:
        self.child = child
        self.names = names
        self._host = host

    @property
    def output(self) -> str:
        """What it has said."""
        return self.child.output()

    @property
    def account(self) -> str:
        """What it has said, without each transition: for who looks for what went wrong."""
        lines = [line for line in self.output.splitlines() if not line.endswith(_TRANSITIONS) and "|" not in line]
        return "\n".join(lines)[-4000:]

    def why(self, name: str) -> str:
        """Return what it says of the process of a family, "" if it does not answer."""

        def ask() -> Any:
            connection = Connection(CONTROL, 5.0)
            try:
                return connection.call("Why", process=name)
            finally:
                connection.close()

        try:
            return json.dumps(self._host.call(ask), ensure_ascii=False)
        except (NoDaemon, NoAnswer):
            return ""

    def says(self, name: str, words: tuple[str, ...]) -> bool:
        """Say whether it tells of a family in such words why it is not up.

        A statement that is up with `is_error` has told so in the log: what its program makes of it is not known here.
        """
        told = self.why(name)
        if name == "sockets":
            told += "".join(line for line in self.output.splitlines() if " sockets." in line)
        return any(one in told for one in words)

    def wait(self, what: str, holds: Callable[[], bool], instead: Callable[[], str] = str) -> None:
        """Wait until something is so; fail, with what it has said, if it is not, or if the daemon ends before."""

        def holds_or_ended() -> bool:
            assert self.child.running, f"it has ended: {self.account}"
            return holds()

        try:
            wait_until(what, holds_or_ended, SLOW_S)
        except Exception as problem:
            raise AssertionError(f"{str(problem)[:200]} {instead()}:\n{self.account}") from None

    def wait_complete(self, *names: str, times: int = 1) -> None:
        """Wait until families are complete, for the so-manieth time."""
        for name in names or self.names:
            self.wait(f"{name} complete", lambda name=name: self.output.count(f"{name} complete\n") >= times)  # type: ignore[misc]

    def end(self) -> int:
        """Ask it to end, and return its exit status."""
        return self.child.end(SLOW_S)
