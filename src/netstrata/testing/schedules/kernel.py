"""A model kernel that keeps account of who changes what, and whose answers can go wrong."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from netstrata.engine.statement import Statement
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE, S32
from netstrata.system.netlink.socket import RequestSocket
from netstrata.testing.model import ModelKernel, NotModelled
from netstrata.testing.model.messages import Request, datagram, requests
from netstrata.testing.schedules.facts import Change, Facts, changes, facts_of
from netstrata.testing.schedules.faults import Faults, FaultySocket, is_read, marked, refused


class Account(Protocol):
    """Who is told of each change."""

    def ours(self, statement: Statement | None, request: Request, changed: list[Change], now: Facts) -> None:
        """A request of the daemon's, for a statement, changed something."""

    def others(self, changed: list[Change]) -> None:
        """Somebody else did something, which may have changed nothing."""

    def refused(self, who: Statement | None, request: Request) -> None:
        """A request of the daemon's, for a statement, was refused on purpose."""

    @property
    def forgives(self) -> bool:
        """Whether something was refused on a way out, so that it may be left."""

    def forgive(self) -> None:
        """What was refused on purpose was to undo what a daemon has left."""

    def gone(self, statement: Statement, shared: bool, now: Facts) -> None:
        """A statement is gone; others may hold the same as it did."""


class WatchedKernel(ModelKernel):
    """A kernel with a daemon, and others."""

    def __init__(self) -> None:
        super().__init__()
        self.account: Account | None = None
        self.faults = Faults()
        self.missing = ""  # what the model does not know, if anything was asked of it
        self.writes = 0  # of the daemon's
        self.now: Facts = {}
        self._others: set[int] = set()
        self._opens_for_others = False
        self._statement: Statement | None = None

    @contextmanager
    def on_behalf_of(self, statement: Statement | None) -> Iterator[None]:
        """Know whom the daemon's requests are for."""
        before, self._statement = self._statement, statement
        try:
            yield
        finally:
            self._statement = before

    def socket(self, kind: int, protocol: int) -> FaultySocket:
        """Open a socket."""
        self._ports += 1
        opened = FaultySocket(self, self._ports)
        self.sockets[opened] = None
        if self._opens_for_others:
            self._others.add(opened.port)
        return opened

    def other(self) -> RequestSocket:
        """Return a way in for somebody else."""
        self._opens_for_others = True
        try:
            return RequestSocket(opens=self.socket)
        finally:
            self._opens_for_others = False

    def daemons(self) -> list[FaultySocket]:
        """Return the daemon's sockets."""
        return [one for one in self.sockets if isinstance(one, FaultySocket) and one.port not in self._others]

    def look(self) -> None:
        """Take what has changed as done by somebody else."""
        changed = self._changed()
        if self.account is not None:
            self.account.others(changed)

    def answers(self, data: bytes, port: int) -> Iterable[bytes]:
        """Do what is asked for, or say no; and note what came of it."""
        if port in self._others:
            yield from super().answers(data, port)
            return
        for request in requests(data, port):
            number = self.faults.refusal(request.type)
            if number:
                if self.account is not None:
                    self.account.refused(self._statement, request)
                yield refused(request, number)
            else:
                with self.faults.mortal("read" if is_read(request.type) else "write"):
                    if not self._is_alive(port):
                        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
                    answered = self._answered(request)
                if not self._is_alive(port):
                    return
                if self.faults.silenced(request.type):
                    self._socket_of(port).overflow()
                else:
                    yield from answered

    def _is_alive(self, port: int) -> bool:
        return any(one.port == port for one in self.daemons())

    def _socket_of(self, port: int) -> FaultySocket:
        return next(one for one in self.daemons() if one.port == port)

    def _answered(self, request: Request) -> list[bytes]:
        packet = datagram(request.type, request.flags, request.sequence, 0, request.body)
        try:
            answered = list(super().answers(packet, request.port))
        except NotModelled as missing:
            self.missing = str(missing)
            raise OSError(errno.ENOSYS, self.missing) from None
        if self.faults.torn(request.type, request.flags):
            answered = [marked(one) for one in answered]
        if not is_read(request.type):
            self.writes += 1
            changed = self._changed()
            if self.account is not None and changed:
                self.account.ours(self._statement, request, changed, self.now)
            elif self.account is not None and _is_taken(answered):
                self.account.refused(self._statement, request)
        return answered

    def _changed(self) -> list[Change]:
        before, self.now = self.now, facts_of(self)
        return changes(before, self.now)


def _is_taken(answered: list[bytes]) -> bool:
    """Say whether a request was refused because something of the same name is there."""
    return any(S32.unpack_from(one, HEADER_SIZE)[0] == -errno.EEXIST for one in answered)
