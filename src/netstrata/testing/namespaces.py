"""The namespaces a lab is made of.  Knows the system calls; knows nothing of hosts.

Whatever enters a namespace does so in a short-lived thread of its own: the namespaces of a thread are its own, so
there is nothing to put back, and no error that leaves the caller in the wrong place.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from typing import TypeVar

from netstrata.values import Unavailable

T = TypeVar("T")

NEWNS = 0x00020000
NEWUSER = 0x10000000
NEWPID = 0x20000000
NEWNET = 0x40000000
_FS = 0x00000200  # the current and root directory, which threads share until one asks for its own

MS_BIND = 4096
_SYS_ADMIN = 21
_NET_ADMIN = 12

_libc = ctypes.CDLL(None, use_errno=True)


def _call(operation: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise Unavailable(operation, os.strerror(number), number)


def unshare(flags: int) -> None:
    """Give this thread namespaces of its own.

    Raises: Unavailable.  Source: unshare(2).
    """
    _call("make namespaces", _libc.unshare(ctypes.c_int(flags)))


def setns(namespace: int, kind: int = 0) -> None:
    """Move this thread into a namespace, given as an open file.

    Raises: Unavailable.  Source: setns(2).
    """
    _call("enter a namespace", _libc.setns(ctypes.c_int(namespace), ctypes.c_int(kind)))


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount a file system.

    Raises: Unavailable.  Source: mount(2).
    """
    given = [text.encode() or None for text in (source, target, kind)]
    done = _libc.mount(*given, ctypes.c_ulong(flags), options.encode() or None)
    _call(f"mount {kind or source} on {target}", done)


def in_thread(work: Callable[[], T]) -> T:
    """Run work in a new thread, and return or raise what it does."""
    results: list[T] = []
    failures: list[BaseException] = []

    def caught() -> None:
        try:
            results.append(work())
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=caught, name="lab")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def own_directories() -> None:
    """Let this thread change its root and current directory alone; entering a mount namespace needs it."""
    unshare(_FS)


def may_make_networks() -> bool:
    """Say whether this process holds the two capabilities that a lab needs."""
    with open("/proc/self/status", encoding="ascii") as status:
        effective = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    return bool(effective >> _SYS_ADMIN & 1 and effective >> _NET_ADMIN & 1)


def become_root() -> None:
    """Make this process root of user, network and mount namespaces of its own, if it may not make networks yet.

    From then on it sees no network but its own, and is root to the kernel only in there.
    Raises: Unavailable, if the kernel forbids it or this process already has several threads.
    """
    if may_make_networks():
        return
    if threading.active_count() > 1 or len(os.listdir("/proc/self/task")) > 1:
        raise Unavailable(
            "make a network without root",
            "this process has several threads; start it by `python -m netstrata.testing.unprivileged`",
        )
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(NEWUSER | NEWNET | NEWNS)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {user} 1")
        _write("/proc/self/gid_map", f"0 {group} 1")
    except (Unavailable, OSError) as failure:
        raise Unavailable(
            "make a network without root",
            f"this kernel does not let user {user} make user namespaces ({failure}); run it as root",
        ) from None


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
