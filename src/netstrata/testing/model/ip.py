"""The real ip(8), over a model kernel.

It shares no code with us, so what it says of a model, and what a model makes of its words, is a second opinion.
A small library that is put before it (`ip_over_model.c`) hands it our end of a pair of sockets wherever it opens a
netlink socket.  It takes `ip` and a C compiler.
"""

import os
import selectors
import shutil
import socket
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

from netstrata.protocols.rtnetlink.constants import NLM_F_MULTI, NLMSG_DONE
from netstrata.protocols.rtnetlink.wire import S32
from netstrata.testing.model.messages import datagram, requests
from netstrata.values import Unavailable

_SOURCE = Path(__file__).with_name("ip_over_model.c")
_BUFFER = 1 << 20
_TIMEOUT_S = 60


class Answering(Protocol):
    """What answers netlink's requests."""

    def answers(self, data: bytes, port: int) -> Iterable[bytes]: ...


def run_ip(kernel: Answering, words: list[str], given: str = "") -> "subprocess.CompletedProcess[str]":
    """Run ip with a model in the kernel's place, and return what it said.

    Raises: Unavailable without ip or a compiler; NotModelled.
    """
    library = _library()
    with tempfile.TemporaryFile("w+") as script:
        script.write(given)
        script.seek(0)
        return _run(library, kernel, words, script.fileno())


def _run(library: int, kernel: Answering, words: list[str], script: int) -> "subprocess.CompletedProcess[str]":
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "LD_PRELOAD": f"/proc/self/fd/{library}",
        "MODEL_KERNEL_SOCKET": str(theirs.fileno()),
    }
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaint, ours:
        with theirs:
            child = subprocess.Popen(
                ["ip", *words],
                stdin=script,
                stdout=said,
                stderr=complaint,
                env=environment,
                pass_fds=[theirs.fileno(), library],
            )
        try:
            with _Server(kernel, ours) as server:
                server.run()
        finally:
            ours.close()
            status = child.wait(_TIMEOUT_S)
        said.seek(0)
        complaint.seek(0)
        return subprocess.CompletedProcess(["ip", *words], status, said.read(), complaint.read())


class _Server:
    """Answers on all sockets of one ip; a long answer waits until it is read, and others go on meanwhile."""

    def __init__(self, kernel: Answering, control: socket.socket) -> None:
        self._kernel = kernel
        self._control = control
        self._pending: dict[socket.socket, deque[Iterator[bytes]]] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def __enter__(self) -> "_Server":
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._pending:
            channel.close()
        self._selector.close()

    def run(self) -> None:
        """Answer until ip ends."""
        while True:
            ready = self._selector.select(_TIMEOUT_S)
            if not ready:
                raise Unavailable("run ip over a model", f"it has asked nothing for {_TIMEOUT_S} s")
            for key, events in ready:
                channel = key.fileobj
                assert isinstance(channel, socket.socket)
                if channel is self._control:
                    if not self._accept():
                        return
                elif channel in self._pending:
                    self._serve(channel, events)

    def _accept(self) -> bool:
        data, files, _, _ = socket.recv_fds(self._control, 1, 1)
        for file in files:
            channel = socket.socket(fileno=file)
            channel.setblocking(False)
            self._pending[channel] = deque()
            self._selector.register(channel, selectors.EVENT_READ)
        return bool(data)

    def _serve(self, channel: socket.socket, events: int) -> None:
        pending = self._pending[channel]
        try:
            if events & selectors.EVENT_READ:
                asked = channel.recv(_BUFFER)
                if not asked:
                    raise ConnectionResetError
                pending.append(iter(self._kernel.answers(asked, 0)))
            while pending:
                answer = next(pending[0], None)
                if answer is None:
                    pending.popleft()
                else:
                    self._send(channel, answer, pending)
            self._selector.modify(channel, selectors.EVENT_READ)
        except BlockingIOError:
            self._selector.modify(channel, selectors.EVENT_READ | selectors.EVENT_WRITE)
        except (BrokenPipeError, ConnectionResetError):  # ip has closed it
            del self._pending[channel]
            self._selector.unregister(channel)
            channel.close()

    def _send(self, channel: socket.socket, answer: bytes, pending: "deque[Iterator[bytes]]") -> None:
        try:
            channel.send(answer)
        except BlockingIOError:
            pending.appendleft(iter((answer,)))
            raise


@cache
def _library() -> int:
    """Return the library that stands between ip and the kernel, as an open file, once it is proven to."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or shutil.which("ip") is None:
        raise Unavailable("run ip over a model", "there is no C compiler or no ip: install gcc and iproute2")
    library = os.memfd_create("ip_over_model.so")
    with tempfile.TemporaryDirectory(prefix="netstrata-model-") as folder:
        built = f"{folder}/ip_over_model.so"
        words = [compiler, "-shared", "-fPIC", "-O1", "-o", built, str(_SOURCE), "-ldl"]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise Unavailable("run ip over a model", done.stderr)
        os.write(library, Path(built).read_bytes())
    _prove(library)
    return library


def _prove(library: int) -> None:
    """Be sure that ip asks the model and not the machine, before it is told to change anything."""
    nobody = _Nobody()
    with open(os.devnull) as nothing:
        shown = _run(library, nobody, ["-br", "link", "show"], nothing.fileno())
    if not nobody.was_asked or shown.stdout or shown.returncode:
        raise Unavailable("run ip over a model", f"it asks the machine's own kernel: {shown.stdout}{shown.stderr}")


class _Nobody:
    """A kernel without any link, as no machine's is."""

    def __init__(self) -> None:
        self.was_asked = False

    def answers(self, data: bytes, port: int) -> Iterable[bytes]:
        """Answer that there is nothing."""
        self.was_asked = True
        return [datagram(NLMSG_DONE, NLM_F_MULTI, one.sequence, one.port, S32.pack(0)) for one in requests(data, port)]
