"""Settings below /proc/sys, of the network namespace of the thread that asks.

What somebody else writes here is heard by inotify, as long as the file is kept open: the kernel forgets files that
nobody has open, and what watches them.  What the kernel changes by itself, and what is written in another view of
/proc (a container's), is not; rtnetlink tells of some of it, and whatever it tells is a reason to read all again.
Source: proc(5), sysctl(8), inotify(7), linux/netconf.h.
"""

import asyncio
import errno
import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress

from netstrata.contract import Holder
from netstrata.contract.secrets import MASK
from netstrata.protocols.rtnetlink.constants import (
    RTM_NEWNETCONF,
    RTNLGRP_IPV4_NETCONF,
    RTNLGRP_IPV6_NETCONF,
    RTNLGRP_LINK,
)
from netstrata.system.filesystem.inotify import MODIFY, Inotify
from netstrata.system.held import NO_RECOVERY, HoldingSetting, Loss, Overrides, OverrideStack, Recovery, Spec
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.values import Unavailable, parse_ipv6

ROOT = "/proc/sys"
_FORWARDING = "net/ipv4/conf/all/forwarding"  # which is `net/ipv4/ip_forward` by another name
_OF_LINK = re.compile(r"net/ipv[46]/(?:conf|neigh)/(?!all/|default/)([^/]+)/")
_SHARED = re.compile(r"(net/ipv[46]/conf)/(?:all|default)/([^/]+)")
_SECRET = "/stable_secret"  # an IPv6 address, and an error of input and output as long as there is none
_NO_SECRET = b""
_MOST = 1 << 16  # bytes


_IS_GONE = frozenset({errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EACCES, errno.EPERM})  # or is not for us
_AGAIN_S = 0.05  # when it could not be read
_GROUPS = (RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_LINK)


class KernelSettings(Overrides[str, bytes], Subscriber):
    """All settings that are held; a key is a path."""

    __slots__ = ("_files", "_links", "_loop", "_monitor", "_queue", "_root")

    kind = "sysctl"

    def __init__(self, monitor: Monitor, root: str = ROOT, recovery: Recovery = NO_RECOVERY) -> None:
        super().__init__(recovery)
        self._root = root
        self._monitor = monitor
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: Inotify | None = None  # open while something is watched
        self._files: dict[str, tuple[int, int]] = {}  # by key: what is held open, and its watch
        self._links: dict[str, int] = {}  # by key: whose it is, which may have another name by now
        monitor.subscribe(self, RTM_NEWNETCONF)

    def hold(self, key: str, value: bytes, who: Holder | None) -> tuple[str, OverrideStack[bytes], Spec[bytes]]:
        """Write a setting."""
        if who is not None:
            self._monitor.join(*_GROUPS)
        try:
            stack, spec = self.put(key, value, who)
        except BaseException:
            if who is not None:
                self._monitor.leave(*_GROUPS)
            raise
        if who is not None and key not in self._files:
            self._watch(key)
        if (of_link := _OF_LINK.match(key)) is not None and key not in self._links:
            with suppress(OSError):
                self._links[key] = socket.if_nametoindex(of_link[1])
        return key, stack, spec

    def release(self, key: str, stack: OverrideStack[bytes], spec: Spec[bytes]) -> None:
        """Take a value out again."""
        if spec.who is not None:
            self._monitor.leave(*_GROUPS)
        if not stack.gone and self._new_path(key):
            for loss in self._lose_renamed(key, stack, spec):
                loss.holder.lost(loss.reason)
        self.take_out(key, stack, spec)

    def removed(self, key: str) -> None:
        """Watch it no more."""
        self._unwatch(key)
        self._links.pop(key, None)

    def _new_path(self, key: str) -> str:
        """Return where a setting is of a link that has another name by now, "" if it has not."""
        of_link = _OF_LINK.match(key)
        if of_link is None or key not in self._links:
            return ""
        try:
            name = socket.if_indextoname(self._links[key])
        except OSError:
            return ""
        return f"{key[: of_link.start(1)]}{name}{key[of_link.end(1) :]}" if name != of_link[1] else ""

    def _lose_renamed(self, key: str, stack: OverrideStack[bytes], *leaving: Spec[bytes]) -> list[Loss]:
        """Put back what was set of a link that has another name, and hold it no more."""
        path = self._new_path(key)
        with suppress(Unavailable):
            if self.read(path, "") == stack.stands:
                self.write(path, stack.found, "")
        self.forget(key, stack)
        reason = Unavailable(f"hold {self.describe(key, stack.stands)}", "its link has a new name")
        return [Loss(one.who, reason) for one in stack.specs if one.who is not None and one not in leaving]

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Need to know no more: whenever something was heard, all is read again."""

    def on_overrun(self) -> None:
        """Need to know no more."""

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Read all settings again."""
        losses: list[Loss] = []
        complete = True
        for key, stack in list(self.stacks.items()):
            operation = f"hold {self.describe(key, stack.stands)}"
            if self._new_path(key):
                losses += self._lose_renamed(key, stack)
                continue
            try:
                now = self.read(key, operation)
                if now == stack.stands:
                    continue
                reason = Unavailable(operation, f"someone has set {self.describe(key, now)}")
            except Unavailable as error:
                if error.errno not in _IS_GONE:
                    complete = False
                    continue
                reason = error
            except MemoryError:
                complete = False
                continue
            self.forget(key, stack)
            losses += [Loss(spec.who, reason) for spec in stack.specs if spec.who is not None]
        return losses, complete

    def _watch(self, key: str) -> None:
        """Hear of what is written; without that, only what rtnetlink tells is noticed."""
        file = -1
        try:
            if self._queue is None:
                self._queue = Inotify()
                self._loop = asyncio.get_running_loop()
                self._loop.add_reader(self._queue.descriptor, self._written)
            file = self._open(key, os.O_RDONLY)
            self._files[key] = file, self._queue.add(f"/proc/self/fd/{file}", MODIFY)
        except OSError:
            if file >= 0:
                os.close(file)

    def _unwatch(self, key: str) -> None:
        file, watch = self._files.pop(key, (-1, -1))
        if file < 0 or self._queue is None:
            return
        os.close(file)
        self._queue.remove(watch)
        if not self._files:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._queue.descriptor)
            self._queue.close()
            self._queue = None

    def _written(self) -> None:
        try:
            if self._queue is not None and self._queue.read():
                self._look()
        except MemoryError:
            self._look_later()

    def _look(self) -> None:
        losses, complete = self.reconcile()
        if not complete:
            self._look_later()
        for holder, reason in losses:
            holder.lost(reason)

    def _look_later(self) -> None:
        if self._loop is not None:
            self._loop.call_later(_AGAIN_S, self._look)

    def read(self, key: str, operation: str) -> bytes:
        """Return a setting, with one space between its words."""
        try:
            file = self._open(key, os.O_RDONLY)
            try:
                return b" ".join(os.read(file, _MOST).split())
            finally:
                os.close(file)
        except PermissionError as error:
            reason = "it cannot be read, so it could not be put back"
            raise Unavailable(operation, reason, error.errno or 0) from error
        except OSError as error:
            if error.errno == errno.EIO and key.endswith(_SECRET):
                return _NO_SECRET
            raise self._refusal(operation, key, error) from error

    def write(self, key: str, value: bytes, operation: str) -> None:
        """Change a setting; of a secret that a link has got the kernel lets nobody make none again."""
        if value == _NO_SECRET:
            return
        try:
            file = self._open(key, os.O_WRONLY)
            try:
                os.write(file, value + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            raise self._refusal(operation, key, error) from error

    def along(self, key: str) -> Iterator[str]:
        """Return those of each link where one is for all links, or for those to come; and what has to do with it.

        Seen on Linux 6.18: `all` changes each link's `forwarding`, `disable_ipv6`, `addr_gen_mode` and
        `ignore_routes_with_linkdown`, and `default` that of links which nobody has set; other versions may do so for
        more.  IPv4 forwarding turns `accept_redirects` round, and a `stable_secret` changes `addr_gen_mode`.
        """
        shared = _SHARED.fullmatch(_FORWARDING if key == "net/ipv4/ip_forward" else key)
        if shared is not None:
            folder, word = shared.groups()
            links: list[str] = []
            with suppress(OSError):
                links = sorted(os.listdir(f"{self._root}/{folder}"))
            word = "addr_gen_mode" if word == "stable_secret" else word
            yield from (path for link in links if (path := f"{folder}/{link}/{word}") not in (key, _FORWARDING))
            if word == "forwarding" and folder == "net/ipv4/conf":
                yield "net/ipv4/conf/all/accept_redirects"
        elif key.endswith(_SECRET):
            yield key.removesuffix(_SECRET) + "/addr_gen_mode"

    def consequence(self, key: str, value: bytes) -> str:
        """Say what goes for good."""
        ipv6 = key.startswith("net/ipv6/conf/") and value not in (b"0", b"")
        if ipv6 and key.endswith("/forwarding"):
            return ", which deletes the routes of router advertisements on all links whose accept_ra is not 2"
        if ipv6 and key.endswith("/disable_ipv6"):
            return ", which deletes the IPv6 addresses and routes there"
        return ""

    def describe(self, key: str, value: bytes) -> str:
        """Return a setting with its value, unless that is a secret."""
        return f"{name_of(key)} to {MASK if key.endswith(_SECRET) else value.decode('utf-8', 'replace')}"

    def _open(self, key: str, mode: int) -> int:
        return os.open(f"{self._root}/{key}", mode | os.O_CLOEXEC | os.O_NOFOLLOW)

    def _refusal(self, operation: str, key: str, error: OSError) -> Unavailable:
        reason = error.strerror or str(error)
        if isinstance(error, FileNotFoundError):
            reason = f"there is no {key} in {self._root}"
        elif isinstance(error, IsADirectoryError):
            reason = "it is a folder of settings"
        return Unavailable(operation, reason, error.errno or 0)


class SysctlPort:
    """The `Sysctl` port, called on behalf of one statement, or of nobody."""

    __slots__ = ("_settings", "_who")

    def __init__(self, settings: KernelSettings, who: Holder | None = None) -> None:
        self._settings = settings
        self._who = who

    def on_behalf_of(self, who: Holder) -> "SysctlPort":
        """Return the port for a statement."""
        return SysctlPort(self._settings, who)

    def held_value(self, path: str, value: bytes) -> HoldingSetting[str, bytes]:
        """Write a setting, and put back what it was, unless somebody else has written it since."""
        return HoldingSetting(self._settings, path, _as_shown(path, value), self._who)


def _as_shown(path: str, value: bytes) -> bytes:
    """Return a value as it is read again."""
    secret = parse_ipv6(value.strip()) if path.endswith(_SECRET) else None
    return secret.hex(":", 2).encode() if secret is not None else b" ".join(value.split())


def name_of(path: str) -> str:
    """Return a path as sysctl(8) writes it: dots between its parts, slashes for the dots in them."""
    return path.translate(_SWAP)


_SWAP = str.maketrans("./", "/.")
