"""Devices that come, change and go: the kernel's messages, or udev's where it runs, and what sysfs holds.

Where udev runs it is listened to, and not the kernel, since only after it does a device have all its properties.
Source: kobject_uevent(9), netlink(7) NETLINK_KOBJECT_UEVENT, unix(7) SCM_CREDENTIALS, sysfs(5).
"""

import errno
import os
import socket
from collections.abc import AsyncGenerator
from struct import unpack_from
from typing import NamedTuple

from netstrata.ports.events import DeviceChange
from netstrata.protocols.uevents import Devices, Properties, Uevent, read_properties, read_uevent, record_name
from netstrata.system.readable import wait_readable
from netstrata.values import Unavailable

_NETLINK_KOBJECT_UEVENT = 15
_KERNEL_GROUP = 1
_UDEV_GROUP = 2
_QUEUE_BYTES = 8 << 20
_LARGEST = 1 << 16
_SO_RCVBUFFORCE = 33
_CREDENTIALS = 12  # bytes of struct ucred


class Places(NamedTuple):
    """Where things are."""

    sysfs: str = "/sys"
    udev: str = "/run/udev"


class DeviceSocket:
    """A socket that hears of devices."""

    __slots__ = ("_from_udev", "socket")

    def __init__(self, places: Places) -> None:
        """Subscribe to uevents.

        Raises: OSError.
        """
        self._from_udev = os.path.exists(f"{places.udev}/control")
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self.socket = socket.socket(socket.AF_NETLINK, kind, _NETLINK_KOBJECT_UEVENT)
        try:
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _QUEUE_BYTES)
            except PermissionError:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE_BYTES)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            self.socket.bind((0, _UDEV_GROUP if self._from_udev else _KERNEL_GROUP))
        except OSError:
            self.socket.close()
            raise

    def read(self) -> Uevent | None:
        """Return the next event; None for a message that is none, or from somebody who may not say so.

        Raises: OSError, BlockingIOError if nothing is there, ENOBUFS if messages were lost.
        """
        octets, ancillary, _, sender = self.socket.recvmsg(_LARGEST, socket.CMSG_SPACE(_CREDENTIALS))
        uid = next((unpack_from("=iII", data)[1] for _, what, data in ancillary if what == socket.SCM_CREDENTIALS), -1)
        if uid != 0 or (not self._from_udev and sender[0] != 0):
            return None
        return read_uevent(octets)


def scan(subsystem: str, places: Places) -> dict[str, Properties]:
    """Return all devices of a subsystem that sysfs shows, with what udev knows of them."""
    found: dict[str, Properties] = {}
    for folder in (f"{places.sysfs}/class/{subsystem}", f"{places.sysfs}/bus/{subsystem}/devices"):
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        for name in names:
            device = os.path.realpath(f"{folder}/{name}")
            path = device.removeprefix(os.path.realpath(places.sysfs))
            properties = _read(f"{device}/uevent", b"")
            if properties is not None:
                properties["SUBSYSTEM"] = subsystem
                properties.update(_read(f"{places.udev}/data/{record_name(properties, path)}", b"E:") or {})
                found[path] = properties
    return found


def _read(path: str, lead: bytes) -> Properties | None:
    try:
        with open(path, "rb") as file:
            return read_properties(file.read().split(b"\n"), lead)
    except OSError:
        return None


async def watch_devices(subsystem: str, places: Places | None = None) -> AsyncGenerator[DeviceChange, None]:
    """Report every device of a subsystem, and then those that come, change and go: see `ports.Events`."""
    places = places or Places()
    try:
        feed = DeviceSocket(places)
    except OSError as error:
        raise Unavailable("listen for devices", error.strerror or str(error), error.errno or 0) from None
    try:
        devices = Devices(subsystem)
        changed = devices.replace(scan(subsystem, places))
        while True:
            for path in changed:
                yield DeviceChange(path, devices.known.get(path))
            changed = []
            try:
                event = feed.read()
            except BlockingIOError:
                await wait_readable(feed.socket.fileno())
                continue
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise Unavailable("listen for devices", error.strerror or str(error), error.errno or 0) from None
                changed = devices.replace(scan(subsystem, places))
                continue
            if event is not None:
                changed = devices.take(event)
    finally:
        feed.socket.close()
