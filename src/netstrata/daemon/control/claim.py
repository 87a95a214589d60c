"""The name of the control socket: whose it is, one daemon at a time.

Claimed before a daemon touches anything else, so that a second one ends without having done anything.
"""

import os
import socket
import stat
from contextlib import suppress
from errno import EADDRINUSE, EEXIST
from typing import Any, Final

from netstrata.values import Unavailable

WAITING: Final = 1024  # connections that may wait to be accepted


class Taken(Unavailable):
    """Another daemon listens there."""


class Claim:
    """A socket at its path; who connects is answered as soon as somebody accepts."""

    def __init__(self, path: str) -> None:
        """Listen there.

        Raises: Taken if another daemon does, Unavailable if the socket cannot be made.
        """
        self.path = path
        try:
            os.makedirs(os.path.dirname(path) or ".", 0o755, exist_ok=True)
            _clear_away(path)
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            self.socket.bind(path)
            self.socket.listen(WAITING)
            os.chmod(path, 0o666)  # each verb has its own right
            self._inode = os.stat(path).st_ino
        except OSError as error:
            kind = Taken if error.errno == EADDRINUSE else Unavailable
            raise kind(f"open the control socket {path}", error.strerror or str(error), error.errno or 0) from error

    @classmethod
    def inherited(cls, path: str, descriptor: int, inode: int) -> "Claim":
        """Go on with the socket of the daemon that had this process id before us: who has connected is in it.

        Raises: ValueError if it is anything else than a listening socket at that path.
        """
        claim = cls.__new__(cls)
        claim.path, claim._inode = path, inode
        try:
            claim.socket = socket.socket(fileno=descriptor)
        except OSError as error:
            os.close(descriptor)
            raise ValueError(f"the open file {descriptor} is no socket") from error
        claim.socket.setblocking(False)
        of = claim.socket
        if (
            of.family != socket.AF_UNIX
            or of.type != socket.SOCK_STREAM
            or not of.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            or of.getsockname() != path
            or not claim._is_ours()
        ):
            of.close()
            raise ValueError(f"the open file {descriptor} does not listen at {path}")
        return claim

    def handed_over(self) -> dict[str, Any]:
        """Return what the next daemon under this process id must know to inherit it."""
        return {"path": self.path, "descriptor": self.socket.fileno(), "inode": self._inode}

    def check(self) -> None:
        """Say whether the path is still ours.

        Raises: Taken if a daemon that began in the same instant took us for a dead one, and put its own socket there.
        """
        if not self._is_ours():
            raise Taken(f"open the control socket {self.path}", "another daemon listens there", EADDRINUSE)

    def release(self) -> None:
        """Remove the socket if it is still ours; once more does no harm."""
        self.socket.close()
        if self._is_ours():
            with suppress(OSError):
                os.unlink(self.path)

    def _is_ours(self) -> bool:
        try:
            return os.stat(self.path).st_ino == self._inode
        except OSError:
            return False


def _clear_away(path: str) -> None:
    """Remove a socket that nobody listens to any more.

    Raises: OSError if somebody does, or it is no socket.
    """
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise OSError(EEXIST, "there is something else than a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
        except OSError as error:  # it is there, if too busy to answer, or it is not for us to look
            raise OSError(EADDRINUSE, f"another daemon listens there: {error}") from error
        else:
            raise OSError(EADDRINUSE, "another daemon listens there")
