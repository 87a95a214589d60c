"""A daemon that holds lines of the resolver configuration, and may be killed."""

import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from netstrata.system.children import RealChildren
from netstrata.system.dns import DnsPort, ResolverConfiguration
from netstrata.system.held import Recovery
from netstrata.system.output.standard_output import StandardOutput
from netstrata.testing.heard import Heard


class Daemon:
    """Holds lines, each for a statement of its own."""

    def __init__(self, folder: Path, *servers: int, stays: bool = False) -> None:
        self._path = folder / "resolv.conf"
        self._servers = servers
        self._stays = stays
        self.text = ""
        self.unfinished: list[Path] = []  # while all lines are held

    async def __call__(self, recovery: Recovery) -> None:
        port = DnsPort(ResolverConfiguration(RealChildren(StandardOutput()), str(self._path), recovery), Heard())
        async with AsyncExitStack() as stack:
            for server in self._servers:
                await stack.enter_async_context(port.held_lines([b"nameserver 192.0.2.%d" % server], server))
            await recovery.sweep()
            if self._stays:
                os.kill(os.getpid(), signal.SIGKILL)
            self.unfinished = list(self._path.parent.glob(".*-new"))
            self.text = self._path.read_text() if self._path.exists() else ""
