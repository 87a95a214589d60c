"""A network on this machine: hosts, cables between them, and real servers, gone without a trace when it ends.

A lab is a process namespace with a mount namespace; every host is a network namespace and a mount namespace below
it.  Nothing of it has a name outside: the hosts are open files of this process, and the programs in them die with the
lab's first program, which ends when its standard input does, that is with this process, however it ends.
"""

import subprocess
from types import TracebackType
from typing import Self

from netstrata.testing import namespaces as ns
from netstrata.testing.cable import Cable
from netstrata.testing.child import Child
from netstrata.testing.host import Host, Machine
from netstrata.testing.leftovers import Snapshot, open_files, take_snapshot
from netstrata.values import Unavailable

# The first program: reaps by not caring, ends with its input.
_FIRST = (
    "mount --make-rprivate / && mount -t tmpfs -o mode=755 lab /run && mkdir /run/lock || exit 1; "
    "mount -t proc proc /proc 2>/dev/null; trap '' CHLD; echo ready; exec cat >/dev/null"
)
PATCH = "patch panel"


class Lab:
    """A network of hosts; a context manager.

        with Lab() as lab:
            laptop, router = lab.host("laptop"), lab.host("router")
            cable = lab.cable((laptop, "eth0"), (router, "lan"))
            router.up("lan", "192.0.2.254/24")
            router.dhcp_server("lan", ("192.0.2.10", "192.0.2.20"))

    Raises: Unavailable, if this process may not make networks.
    """

    def __init__(self) -> None:
        """Make an empty lab."""
        ns.become_root()
        self._hosts: dict[str, Host] = {}
        self._fds_before = open_files()
        self._machine = _started()
        self._patch: Host | None = None
        self._cables = 0
        self._before: Snapshot | None = None
        self._watched: tuple[Host, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def host(self, name: str) -> Host:
        """Add a host: a network with only `lo`, up; its own /etc, /run and /var/lib, and no name server.

        Raises: Unavailable.
        """
        if name in self._hosts:
            raise Unavailable(f"add a host {name}", "the lab has one of that name")
        host = Host(name, self._machine)
        self._hosts[name] = host
        return host

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts, in the order in which they were added."""
        return tuple(self._hosts.values())

    def cable(self, *ends: tuple[Host, str]) -> Cable:
        """Join new links of two or more hosts, as if by one cable or one switch; the links are down at first.

        Pulling it takes the carrier from all ends, and changes nothing else in the hosts.
        Raises: Unavailable.
        """
        if self._patch is None:
            self._patch = Host(PATCH, self._machine)
            self._patch.sysctl("net.ipv6.conf.default.disable_ipv6", "1")
        self._cables += 1
        return Cable(self._patch, self._cables, ends)

    def remember(self, *hosts: Host) -> None:
        """Take down what is there now, on all hosts or on some, for `leftovers` to compare with."""
        self._watched = hosts or self.hosts
        self._before = take_snapshot(self._machine, self._watched)

    @property
    def remembers(self) -> bool:
        """Whether `remember` was called."""
        return self._before is not None

    def leftovers(self) -> list[str]:
        """Say what has come (+) and what has gone (-) since `remember`: kernel state, files, processes, open files."""
        if self._before is None:
            raise Unavailable("look for leftovers", "nothing was remembered; call lab.remember() first")
        return self._before.differences(take_snapshot(self._machine, self._watched))

    @property
    def children(self) -> tuple[Child, ...]:
        """The programs that were started in the hosts and still run."""
        return tuple(child for child in self._machine.children if child.running)

    def close(self) -> None:
        """End every program, and let go of every namespace.

        Raises: Unavailable, if this process still has files open that it had not before.
        """
        machine = self._machine
        if machine.closed:
            return
        for host in self.hosts:
            host.close()
        if self._patch is not None:
            self._patch.close()
        machine.close()
        left = open_files() - self._fds_before
        if left:
            raise Unavailable("close the lab", f"still open: {', '.join(sorted(left))}")


def _started() -> Machine:
    """Start the first program, which holds the process namespace and the mounts all hosts begin with."""

    def start() -> "subprocess.Popen[bytes]":
        ns.own_directories()
        ns.unshare(ns.NEWNS | ns.NEWPID)
        return subprocess.Popen(
            ["/bin/sh", "-c", _FIRST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    first = ns.in_thread(start)
    assert first.stdout is not None
    said = first.stdout.readline()
    if said.strip() != b"ready":
        first.kill()
        first.communicate()
        raise Unavailable("make a lab", said.decode(errors="replace").strip() or "its first program ended")
    first.stdout.close()
    return Machine(first)
