"""A model kernel that keeps account of who changes what, and whose answers can go wrong."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from netstrata.engine.process import DYING, Statement
from netstrata.protocols.rtnetlink.constants import IFA_F_DADFAILED, RTM_NEWLINK
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE, S32
from netstrata.system.held import GONE
from netstrata.system.netlink.socket import RequestSocket
from netstrata.testing.model import ModelKernel, NotModelled
from netstrata.testing.model.messages import Request
from netstrata.testing.schedules.facts import Change, Facts, Key, changes, facts_of
from netstrata.testing.schedules.faults import Faults, FaultySocket, is_read, marked, refused


class Account(Protocol):
    """Who is told of each change."""

    def ours(self, statement: Statement | None, request: Request, changed: list[Change], now: Facts) -> None:
        """A request of the daemon's, for a statement, changed something."""

    def others(self, changed: list[Change], now: Facts) -> None:
        """Somebody else did something, which may have changed nothing."""

    def refused(self, who: Statement | None, request: Request, for_good: bool) -> None:
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
        self.sweeping = False  # the daemon undoes what the one before it has left
        self.now: Facts = {}
        self._daemons: dict[int, FaultySocket] = {}  # by port
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
        if not self._opens_for_others:
            self._daemons[opened.port] = opened
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
        return [one for one in self._daemons.values() if not one.is_closed()]

    def spoiled(self) -> set[Key]:
        """Return addresses that are another host's."""
        there = self.addresses6.of_link.items()
        return {
            ("addr", index, a.local, a.prefix) for index, some in there for a in some if a.has_flag(IFA_F_DADFAILED)
        }

    def look(self) -> None:
        """Take what has changed as done by somebody else."""
        changed = self._changed()
        if self.account is not None:
            self.account.others(changed, self.now)

    def answered(self, request: Request) -> Iterable[bytes]:
        """Do what is asked for, or say no; and note what came of it."""
        socket = self._daemons.get(request.port)
        if socket is None:
            return self.done(request)
        reads = is_read(request.type)
        number = self.faults.refusal(request.type)
        if number:
            if self.account is not None:
                self.account.refused(self._statement, request, number in GONE)
            return (refused(request, number),)
        with self.faults.mortal(*(() if reads else ("write", "sweep") if self.sweeping else ("write",))):
            if socket.is_closed():
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            try:
                answered = self.done(request)
            except NotModelled as missing:
                self.missing = str(missing)
                raise OSError(errno.ENOSYS, self.missing) from None
            if not reads:
                self._count(request, answered)
        if socket.is_closed():
            return ()
        if self.faults.torn(request.type, request.flags):
            return [marked(one) for one in answered]
        if self.faults.silenced(request.type):
            socket.overflow()
            return ()
        return answered

    def done(self, request: Request) -> Iterable[bytes]:
        """Do a request, the daemon's or of others, and return the answers."""
        return super().answered(request)

    def _count(self, request: Request, answered: Iterable[bytes]) -> None:
        self.writes += 1
        number = _errno(answered)
        # Of a link some may have been changed before the kernel said no.
        changed = self._changed() if not number or request.type == RTM_NEWLINK else []
        if self.account is not None and changed:
            self.account.ours(self._statement, request, changed, self.now)
        elif self.account is not None and number == errno.EEXIST:
            is_going = self._statement is None or self._statement.state == DYING
            self.account.refused(self._statement, request, for_good=is_going)

    def _changed(self) -> list[Change]:
        before, self.now = self.now, facts_of(self)
        return changes(before, self.now)


def _errno(answered: Iterable[bytes]) -> int:
    """Return why a request was refused, 0 if it was not."""
    return next((-S32.unpack_from(one, HEADER_SIZE)[0] for one in answered), 0)
