"""Sockets whose packets go out over one link, whichever route counts."""

import os
import socket
from errno import EPERM

from netstrata.system.permission import takes

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}


def bound_socket(link: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
    """Open a socket that never waits, bound to a link, to none if that is empty.

    Shapes: family is 4 or 6.
    Raises: OSError.
    """
    opened = socket.socket(FAMILIES[family], kind | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, protocol)
    try:
        if link:
            bind_to_link(opened, link)
    except BaseException:
        opened.close()
        raise
    return opened


def bind_to_link(opened: socket.socket, link: str) -> None:
    """Have a socket send and hear over one link alone.

    Raises: OSError.
    Source: socket(7), SO_BINDTODEVICE.
    """
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode("utf-8", "surrogateescape") + b"\0")


def reason_of(error: OSError) -> str:
    """Return why the system did not do it, in words."""
    if error.errno == EPERM:
        return takes("CAP_NET_RAW")
    return os.strerror(error.errno) if error.errno else str(error)  # asyncio has words of its own
