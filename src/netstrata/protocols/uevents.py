"""What the kernel and udev tell of devices: messages and records as bytes, and the table that they make.

Source: linux/lib/kobject_uevent.c; systemd, src/libsystemd/sd-device/device-monitor.c (the header of udev's messages),
src/libsystemd/sd-device/sd-device.c (the records in /run/udev/data).
"""

from struct import Struct
from typing import Final, NamedTuple

MOVE: Final = "move"
REMOVE: Final = "remove"
_UDEV: Final = b"libudev\0"
_MAGIC: Final = 0xFEEDCAFE
_HEAD = Struct("=8s4sIII")  # prefix, magic (big endian), size of the header, where the properties are, their size

Properties = dict[str, str]


class Uevent(NamedTuple):
    """Something that happened to a device; the path is that below /sys."""

    action: str
    path: str
    properties: Properties


def read_uevent(octets: bytes) -> Uevent | None:
    """Read a message of the kernel or of udev; None if it is neither, or about no device."""
    if octets.startswith(_UDEV):
        if len(octets) < _HEAD.size:
            return None
        _, magic, _, start, size = _HEAD.unpack_from(octets)
        if int.from_bytes(magic, "big") != _MAGIC or start < _HEAD.size or start + size > len(octets):
            return None
        return _event_of(octets[start : start + size].split(b"\0"))
    head, zero, rest = octets.partition(b"\0")
    return _event_of(rest.split(b"\0")) if zero and b"@" in head else None


def _event_of(lines: list[bytes]) -> Uevent | None:
    properties = read_properties(lines)
    action = properties.get("ACTION", "")
    path = properties.get("DEVPATH", "")
    return Uevent(action, path, properties) if action and path.startswith("/") else None


def read_properties(lines: list[bytes], lead: bytes = b"") -> Properties:
    """Read those lines `NAME=VALUE` that begin with something; the device's node gets its whole path."""
    properties: Properties = {}
    for line in lines:
        name, equals, value = line.removeprefix(lead).partition(b"=")
        if equals and name and line.startswith(lead):
            properties[name.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")
    node = properties.get("DEVNAME", "/")
    if not node.startswith("/"):
        properties["DEVNAME"] = f"/dev/{node}"
    return properties


def record_name(properties: Properties, path: str) -> str:
    """Return the name of udev's record of a device."""
    if "MAJOR" in properties and "MINOR" in properties:
        kind = "b" if properties.get("SUBSYSTEM") == "block" else "c"
        return f"{kind}{properties['MAJOR']}:{properties['MINOR']}"
    if "IFINDEX" in properties:
        return f"n{properties['IFINDEX']}"
    return f"+{properties.get('SUBSYSTEM', '')}:{path.rpartition('/')[2]}"


class Devices:
    """The devices of one subsystem, by their paths."""

    __slots__ = ("_subsystem", "known")

    def __init__(self, subsystem: str) -> None:
        self._subsystem = subsystem
        self.known: dict[str, Properties] = {}

    def take(self, event: Uevent) -> list[str]:
        """Take note of an event, and return the paths of which something is different."""
        if event.action == REMOVE:
            return [event.path] if self.known.pop(event.path, None) is not None else []
        changed: list[str] = []
        if event.action == MOVE:
            changed = self._move(event.properties.get("DEVPATH_OLD", ""), event.path)
        if event.properties.get("SUBSYSTEM") == self._subsystem:
            self.known[event.path] = event.properties
            if event.path not in changed:
                changed.append(event.path)
        return changed

    def _move(self, old: str, new: str) -> list[str]:
        """Rename what is at a path and below it."""
        changed: list[str] = []
        for path in [path for path in self.known if old and (path == old or path.startswith(f"{old}/"))]:
            renamed = new + path[len(old) :]
            self.known[renamed] = self.known.pop(path)
            changed += [path, renamed]
        return changed

    def replace(self, now: dict[str, Properties]) -> list[str]:
        """Take note of all devices that there are, and return the paths of which something is different."""
        changed = [path for path in self.known if path not in now]
        changed += [path for path, properties in now.items() if self.known.get(path) != properties]
        self.known = now
        return changed
