"""A laptop in a lab that runs the daemon which is attacked, and a router at the other end of its cable."""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon
from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab

HERE = Path(__file__).parent
START_S = 60.0
NCD = (sys.executable, "-m", "netstrata", "run")


class Laptop:
    """What a scenario attacks."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.host, self.router = lab.host("laptop"), lab.host("router")
        self.cable = lab.cable((self.host, "eth0"), (self.router, "lan"))
        self.router.up("lan", "192.0.2.254/24")
        self.control = str(folder / "control")

    def run(self, program: str, *options: str) -> Child:
        """Start the daemon; it answers on return."""
        text = self.folder / "program.ncd"
        text.write_text(program)
        daemon = self.host.start((*NCD, "--quiet", "--control", self.control, *options, str(text)))

        def answers() -> bool:
            try:
                Connection(self.control, START_S).call("Figures")  # it can be reached before its program has begun
            except NoDaemon:
                if not daemon.running:
                    raise
                return False
            return True

        wait_until("the daemon answer", answers)
        return daemon

    def attack(self, *words: str, user: str = "") -> Child:
        """Start one of this folder's attackers on the laptop, as somebody else if a user is named."""
        script = str(HERE / words[0])
        as_whom: Sequence[str] = ("setpriv", f"--reuid={user}", "--clear-groups") if user else ()
        return self.host.start((*as_whom, sys.executable, script, *words[1:]))


@contextmanager
def laptop() -> Iterator[Laptop]:
    """Yield a laptop, gone with all it ran when the block ends."""
    with tempfile.TemporaryDirectory() as name, Lab() as lab:
        Path(name).chmod(0o755)
        yield Laptop(lab, Path(name))
