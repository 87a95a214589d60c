"""Leases that are held, in the undo journal: a daemon that is killed has the next one go on with them.

Such a lease is good as long as the link is the same and has not lost its carrier since: behind a cable that was out may
be another network.
"""

import hashlib
from ast import literal_eval
from collections.abc import Callable
from typing import Final, NamedTuple

from netstrata.system.dhcp.facts import read_carrier_changes
from netstrata.system.held import NO_RECOVERY, Recovery

_UNKNOWN: Final = b"-1 "  # how often the carrier has changed, if the kernel does not say


class Leaseholder(NamedTuple):
    """Whose lease it is: a link, and what its client calls itself."""

    ifindex: int
    mac: bytes
    client_id: bytes


class HeldLease:
    """The lease of one client, if it has one."""

    def __init__(self, recovery: Recovery, kind: str, of: Leaseholder, options: object, title: str) -> None:
        self._journal = recovery.journal
        self._kind = kind
        self._ifindex = of.ifindex
        self._key = repr(tuple(of)).encode("ascii")
        self._asked = hashlib.sha256(repr(options).encode()).hexdigest()  # they may hold a secret
        self._title = title
        self._number = 0
        self.left = b""  # what the client before us has had, if it can be gone on with
        entry = recovery.claim(kind, self._key)
        if entry is not None:
            self._number = self._journal.adopt(entry, title)
            around, _, lease = entry.undo.partition(b"\n")
            if around == self._around() and not around.startswith(_UNKNOWN):
                self.left = lease
            else:
                self.write(b"")

    def write(self, lease: bytes) -> None:
        """Have it written what is held now, b"" for nothing."""
        if not lease:
            self._journal.undone(self._number)
            self._number = 0
            return
        undo = self._around() + b"\n" + lease
        if self._number:
            self._journal.done(self._number, undo)
        else:
            self._number = self._journal.intend(self._kind, self._key, undo, self._title)
            self._journal.done(self._number)

    def _around(self) -> bytes:
        """Return what must be the same when somebody goes on with it."""
        return f"{read_carrier_changes(self._ifindex)} {self._asked}".encode("ascii")


class HeldLeases:
    """All leases of a daemon that are of one kind."""

    def __init__(self, recovery: Recovery = NO_RECOVERY, kind: str = "lease") -> None:
        self._recovery = recovery
        self._kind = kind

    def release_with(self, release: Callable[[Leaseholder, bytes], None]) -> None:
        """Know who gives back a lease that nobody goes on with; it raises Unavailable if it cannot now."""
        self._recovery.knows(self._kind, lambda key, undo: release(_read(key), undo.partition(b"\n")[2]))

    def of(self, who: Leaseholder, options: object, title: str) -> HeldLease:
        """Return that of one client, with what a daemon before us has left of it.

        Shapes: options have a `repr` that says all of them.
        """
        return HeldLease(self._recovery, self._kind, who, options, title)


def _read(key: bytes) -> Leaseholder:
    return Leaseholder(*literal_eval(key.decode("ascii")))
