"""A host of a lab: a network of its own, and files of its own."""

import contextlib
import os
import shutil
import socket
import subprocess
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from netstrata.testing import namespaces as ns
from netstrata.testing.child import TIMEOUT_S, Child, output_file
from netstrata.testing.kernel_text import text_by_ip
from netstrata.testing.servers import PageServer, dnsmasq_words, fetch
from netstrata.values import Unavailable

T = TypeVar("T")

OWN = ("etc", "var/lib")  # as on the machine at first; what a host changes there is its own


class Machine:
    """What the hosts of a lab share: the process namespace, and the mounts that every host begins with."""

    __slots__ = ("_first", "children", "closed", "mounts", "processes")

    def __init__(self, first: "subprocess.Popen[bytes]") -> None:
        """Take over the lab's first program."""
        self._first = first
        self.processes = os.open(f"/proc/{first.pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        self.mounts = os.open(f"/proc/{first.pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self.children: list[Child] = []
        self.closed = False

    @property
    def first_pid(self) -> int:
        """The process id of the first program."""
        return self._first.pid

    def enter_mounts(self, host: str) -> str:
        """Put this thread where the own files of all hosts lie, and return the directory of one."""
        ns.own_directories()
        ns.setns(self.mounts, ns.NEWNS)
        return f"/run/{host}"

    def close(self) -> None:
        """Kill everything that runs in the lab."""
        self.closed = True
        assert self._first.stdin is not None
        self._first.kill()
        self._first.stdin.close()
        for child in self.children:  # the kernel lets the first program go only when these are gone
            child.close()
        self._first.wait()
        os.close(self.processes)
        os.close(self.mounts)


class Host:
    """One host.  Its methods raise Unavailable when the system will not."""

    __slots__ = ("_machine", "_pages", "mounts", "name", "net")

    def __init__(self, name: str, machine: Machine) -> None:
        """Make the host's namespaces."""
        self.name = name
        self._machine = machine
        self._pages: list[PageServer] = []
        self.net, self.mounts = ns.in_thread(self._made)
        self.ip("link set dev lo up")

    def _made(self) -> tuple[int, int]:
        own = f"/run/{self.name}"
        namespaces = os.open("/proc/thread-self/ns", os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            ns.own_directories()
            ns.setns(self._machine.mounts, ns.NEWNS)
            ns.unshare(ns.NEWNS | ns.NEWNET)
            for directory in OWN:
                _overlay(own, directory)
            _begin_with_own_files()
            os.makedirs(f"{own}/run/lock")
            ns.mount("sys", "/sys", "sysfs")
            ns.mount(f"{own}/run", "/run", flags=ns.MS_BIND)
            net, mounts = (os.open(kind, os.O_RDONLY | os.O_CLOEXEC, dir_fd=namespaces) for kind in ("net", "mnt"))
        finally:
            os.close(namespaces)
        return net, mounts

    @property
    def net_path(self) -> str:
        """The network namespace as a path, for a child of this process that was given the open file."""
        return f"/proc/self/fd/{self.net}"

    def call(self, work: Callable[[], T]) -> T:
        """Return what a function returns that runs on this host: its network, its files, this process's memory."""

        def inside() -> T:
            self._enter()
            return work()

        return ns.in_thread(inside)

    def _enter(self) -> None:
        ns.own_directories()
        ns.setns(self.net, ns.NEWNET)
        ns.setns(self.mounts, ns.NEWNS)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """Put this thread into the host's network, but not among its files, for a while.

        Sockets opened meanwhile stay in that network.
        """
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            ns.setns(self.net, ns.NEWNET)
            try:
                yield
            finally:
                ns.setns(home, ns.NEWNET)
        finally:
            os.close(home)

    def start(
        self, words: Sequence[str], environment: dict[str, str] | None = None, files: Sequence[int] = ()
    ) -> Child:
        """Start a program on this host, which the lab ends if nobody else does; it is given some open files, too."""
        output = output_file(words[0])
        try:
            popen = self._popen(words, subprocess.DEVNULL, output, files, environment)
        except BaseException:
            os.close(output)
            raise
        child = Child(os.path.basename(words[0]), popen, output)
        self._machine.children.append(child)
        return child

    def fork(self, work: Callable[[], None]) -> int:
        """Fork this process, have the child do some work on this host and end, and return its id; who asks reaps it."""
        here = os.getcwd()

        def start() -> int:
            self._enter()
            os.chdir(here)
            ns.setns(self._machine.processes, ns.NEWPID)
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    work()
                    status = 0
                except SystemExit as end:
                    status = end.code if isinstance(end.code, int) else 1
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(status)
            return pid

        return ns.in_thread(start)

    def run(self, *words: str, given: str = "", timeout_s: float = TIMEOUT_S) -> str:
        """Run a program on this host to its end, and return what it printed.

        Raises: Unavailable, with that, if its exit status is not 0 or it takes too long.
        """
        return self._run(words, given, (), timeout_s)

    def _run(self, words: Sequence[str], given: str, files: Sequence[int], timeout_s: float = TIMEOUT_S) -> str:
        popen = self._popen(words, subprocess.PIPE, subprocess.PIPE, files, None)
        try:
            printed = popen.communicate(given.encode(), timeout_s)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.communicate()
            raise Unavailable(f"run {' '.join(words)} on {self.name}", f"not done within {timeout_s:g} s") from None
        if popen.returncode:
            reason = f"status {popen.returncode}: {printed.strip()}"
            raise Unavailable(f"run {' '.join(words)} on {self.name}", reason)
        return printed

    def _popen(
        self,
        words: Sequence[str],
        standard_input: int,
        output: int,
        files: Sequence[int],
        environment: dict[str, str] | None,
    ) -> "subprocess.Popen[bytes]":
        variables = dict(os.environ if environment is None else environment)
        variables["PATH"] = f"{variables.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"
        here = os.getcwd()

        def start() -> "subprocess.Popen[bytes]":
            self._enter()
            os.chdir(here)
            ns.setns(self._machine.processes, ns.NEWPID)
            return subprocess.Popen(
                words,
                stdin=standard_input,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=tuple(files),
                env=variables,
                start_new_session=True,
            )

        try:
            return ns.in_thread(start)
        except FileNotFoundError:
            raise Unavailable(f"start {words[0]} on {self.name}", "it is not installed") from None

    def ip(self, *lines: str, files: Sequence[int] = ()) -> None:
        """Do what lines for ip(8) say, all or up to the first that fails."""
        try:
            self._run(("ip", "-batch", "-"), "\n".join(lines), files)
        except Unavailable as failure:
            raise Unavailable(f"do {'; '.join(lines)!r} on {self.name}", failure.reason) from None

    def up(self, link: str, *networks: str) -> None:
        """Set a link up, and give it addresses (`192.0.2.1/24`) without looking for duplicates."""
        added = (f"addr add {network} dev {link}{' nodad' if ':' in network else ''}" for network in networks)
        self.ip(f"link set dev {link} up", *added)

    def sysctl(self, name: str, value: str) -> None:
        """Set a network parameter: `net.ipv4.ip_forward`."""
        with self.inside(), open("/proc/sys/" + name.replace(".", "/"), "w", encoding="ascii") as file:
            file.write(value)

    def forward(self) -> None:
        """Make this host a router."""
        self.sysctl("net.ipv4.ip_forward", "1")

    def kernel(self) -> str:
        """Return what the kernel holds for this host, one sorted line for each thing that somebody put there."""
        return text_by_ip(lambda words, given: self.run("ip", *words, given=given))

    def read(self, path: str) -> str:
        """Return the text of one of this host's files."""

        def work() -> str:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()

        return self.call(work)

    def write(self, path: str, text: str) -> None:
        """Write one of this host's files, and the directories above it."""

        def work() -> None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)

        self.call(work)

    def dhcp_server(
        self,
        link: str,
        addresses: tuple[str, str],
        router: str = "",
        dns: str = "",
        lease_s: int = 120,
        options: Sequence[str] = (),
        names: dict[str, str] | None = None,
    ) -> Child:
        """Start a DHCP server (dnsmasq), ready on return; with names it answers for these in DNS, too.

        Shapes: addresses are the first and the last it grants; lease_s at least 120, dnsmasq knows no less;
        options as for its --dhcp-option (`option:T1,3`).
        """
        words = dnsmasq_words(link, addresses, router, dns, lease_s, options, names or {})
        try:
            server = self.start(words)
        except Unavailable as failure:
            raise Unavailable(failure.operation, f"{failure.reason}; Debian has it in dnsmasq-base") from None
        server.wait_output("DHCP, sockets bound exclusively")
        return server

    def page(self, address: str, text: str, port: int = 80) -> PageServer:
        """Serve one page by HTTP at every path of an address of this host, until the lab ends.

        Shapes: `{client}` in the text becomes the address of who asks.
        """
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.inside():
            listener = socket.create_server((address, port), family=family)
        server = PageServer(listener, text)
        self._pages.append(server)
        return server

    def fetch(self, url: str, timeout_s: float = TIMEOUT_S) -> str:
        """Return the page at an HTTP address, as this host sees it: its routes, its name servers."""
        return self.call(lambda: fetch(url, timeout_s))

    def close(self) -> None:
        """Stop serving, and let go of the namespaces."""
        for page in self._pages:
            page.close()
        os.close(self.net)
        os.close(self.mounts)


def _overlay(own: str, directory: str) -> None:
    """Give this mount namespace its own copy of a directory, kept below `own`."""
    upper, scratch = f"{own}/{directory}", f"{own}/scratch/{directory}"
    os.makedirs(upper)
    os.makedirs(scratch)  # where overlayfs makes files ready (workdir)
    ns.mount("lab", f"/{directory}", "overlay", 0, f"lowerdir=/{directory},upperdir={upper},workdir={scratch}")


def _begin_with_own_files() -> None:
    """Forget the machine's name servers and leases."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink("/etc/resolv.conf")
    with open("/etc/resolv.conf", "w", encoding="ascii"):
        pass
    shutil.rmtree("/var/lib/netstrata", ignore_errors=True)
