"""A router whose uplink is its only way in, its administrator two networks away, and a real sshd.

OpenSSH 9.2p1 (Debian 12).
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.backends.test_wpa_supplicant import PEERS, peer
from tests.kernel.filters.programs import SOURCES
from tests.terminal import Terminal

from netstrata.testing.child import Child
from netstrata.testing.lab import Lab

PROGRAM = "/etc/netstrata/uplink.ncd"
PROMPT = "router# "
AT = "192.0.2.2"
EXAMPLES = Path(__file__).parents[3] / "examples"


class Town:
    """The router, the gateway, which has two addresses, and the administrator's desk."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        """Start the daemon and sshd; return when the way in is open."""
        self._folder = folder
        self._terminals: list[Terminal] = []
        self.router, gateway, self.desk = lab.host("router"), lab.host("gateway"), lab.host("desk")
        lab.cable((self.router, "wan0"), (gateway, "lan0"))
        lab.cable((gateway, "far0"), (self.desk, "eth0"))
        gateway.up("lan0", "192.0.2.1/24", "192.0.2.254/24")
        gateway.up("far0", "203.0.113.1/24")
        gateway.forward()
        self.desk.up("eth0", "203.0.113.9/24")
        self.desk.ip("route add default via 203.0.113.1")
        self.write("uplink.ncd")
        command = folder / "netstrata"
        command.write_text(f'#!/bin/sh\nPYTHONPATH={SOURCES} exec {sys.executable} -m netstrata "$@"\n')
        command.chmod(0o755)
        self.daemon = self.router.start([str(command), "run", PROGRAM])
        self.sshd = self._sshd(peer(folder, "openssh-server", "usr/sbin/sshd"))
        self.daemon.wait_output(f"service.2 net.ipv4.addr {PROGRAM}:15:5 down -> up")

    def write(self, example: str) -> None:
        """Have an example as the router's program."""
        self.router.write(PROGRAM, (EXAMPLES / example).read_text())

    def _sshd(self, program: str) -> Child:
        """Start the server; all that it writes is the host's own."""
        folder, router = self._folder, self.router
        if Path("/proc/self/setgroups").read_text().strip() == "deny":
            pytest.skip("sshd sets groups, which the user namespace of an unprivileged lab does not allow")
        for key in ("host", "desk"):
            self.desk.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/{key}")
        settings = [
            f"HostKey {folder}/host", f"AuthorizedKeysFile {folder}/desk.pub", "StrictModes no", "UsePAM no",
            "UseDNS no", "PermitRootLogin yes", "PrintMotd no", "PrintLastLog no",
            f"SetEnv PATH={folder}:/usr/bin:/bin",
        ]  # fmt: skip
        (folder / "sshd_config").write_text("\n".join((*settings, "")))
        others = [line for line in router.read("/etc/passwd").splitlines() if not line.startswith(("root:", "sshd:"))]
        own = ["root:x:0:0::/run:/bin/sh", "sshd:x:65533:65534::/run/sshd:/bin/false"]
        router.write("/etc/passwd", "\n".join((*own, *others, "")))
        router.write("/etc/profile", f"PS1='{PROMPT}'\n")
        router.write("/etc/shadow", "root:*:1::::::\nsshd:!:1::::::\n")
        # Since 9.8 it runs programs of its own that are below /usr/lib.
        overlay = f"lowerdir={PEERS}/openssh-server/usr/lib:/usr/lib"
        router.run("mount", "-t", "overlay", "-o", overlay, "ssh", "/usr/lib")
        router.run("mount", "-t", "tmpfs", "ssh", "/var/log")
        router.run("mkdir", "/run/sshd")
        sshd = router.start([program, "-D", "-e", "-f", f"{folder}/sshd_config"])
        sshd.wait_output("Server listening on 0.0.0.0")
        return sshd

    def ssh(self, command: str = "", at: str = AT) -> list[str]:
        """Return the words at the desk for a shell or a command on the router, over one connection."""
        settings = {
            "IdentityFile": "desk", "ControlPath": "%h", "ControlMaster": "auto", "LogLevel": "ERROR",
            "StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null",
        }  # fmt: skip
        settings |= {name: f"{self._folder}/{settings[name]}" for name in ("IdentityFile", "ControlPath")}
        words = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "none", *words, f"root@{at}", *([command] if command else [])]

    def log_in(self) -> Terminal:
        """Return a terminal at the desk with a shell on the router in it."""
        terminal = Terminal(self.ssh(), {"PATH": "/usr/bin:/bin"}, self.desk.fork)
        self._terminals.append(terminal)
        terminal.wait(PROMPT)
        return terminal

    def close(self) -> None:
        """Have nothing left of it."""
        for terminal in self._terminals:
            terminal.close()
        self.daemon.end()
        self.sshd.end()
