"""What is shown of devices: when one is added and when it is removed, and what kind of device it is."""

import re
from typing import NamedTuple

from netstrata.protocols.uevents import Properties

ADDED = b"added"
REMOVED = b"removed"
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{1,8}")
_INPUT_KINDS = ("TABLET", "JOYSTICK", "TOUCHSCREEN", "MOUSE", "TOUCHPAD", "KEY", "KEYBOARD")


class Sighting(NamedTuple):
    """A device as it is shown: its node, and what else is shown of it."""

    devname: bytes
    facts: tuple[bytes, ...]


class Roster:
    """The devices that are shown as added."""

    __slots__ = ("_shown",)

    def __init__(self) -> None:
        self._shown: dict[str, Sighting] = {}

    def update(self, path: str, sighting: Sighting | None) -> list[tuple[bytes, Sighting]]:
        """Return what is to be shown, now that a device is like this, or is none of those that are shown."""
        shown = self._shown.get(path)
        if shown is not None and sighting is not None and shown.devname == sighting.devname:
            return []
        events: list[tuple[bytes, Sighting]] = []
        if shown is not None:
            del self._shown[path]
            events.append((REMOVED, shown))
        if sighting is not None:
            self._shown[path] = sighting
            events.append((ADDED, sighting))
        return events


def input_sighting(properties: Properties | None, node_type: bytes) -> Sighting | None:
    """See an input device with a node `…/TYPE`, `…/TYPE0`, `…/TYPE1` and so on."""
    devname = _octets((properties or {}).get("DEVNAME", ""))
    if properties is None or not re.fullmatch(rb".*/" + re.escape(node_type) + rb"[0-9]*", devname, re.DOTALL):
        return None
    kind = next((kind for kind in _INPUT_KINDS if f"ID_INPUT_{kind}" in properties), "unknown")
    return Sighting(devname, (kind.lower().encode(),))


def usb_sighting(properties: Properties | None) -> Sighting | None:
    """See a USB device that has a node, by its vendor's and its model's number."""
    if properties is None or properties.get("DEVTYPE") != "usb_device" or "DEVNAME" not in properties:
        return None
    vendor, _, rest = properties.get("PRODUCT", "").partition("/")  # the kernel's own: vendor, model, release
    vendor = properties.get("ID_VENDOR_ID", vendor)
    model = properties.get("ID_MODEL_ID", rest.partition("/")[0])
    if not _HEXADECIMAL.fullmatch(vendor) or not _HEXADECIMAL.fullmatch(model):
        return None
    return Sighting(_octets(properties["DEVNAME"]), (b"%04x" % int(vendor, 16), b"%04x" % int(model, 16)))


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
