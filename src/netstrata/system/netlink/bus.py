"""The bus that a link's device sits on, read from sysfs."""

import os
import re

_USB = re.compile(r"/usb\d+/(?:[^/]+/)*([^/]+)/net/[^/]+$")
_PCI = re.compile(r"/pci[^/]+/(?:[^/]+/)*([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])(?:/virtio\d+)?/net/[^/]+$")
LONGEST = 127  # bytes


def bus_of(path: str) -> bytes:
    """Say which bus a device path ends on: `usb:X`, `pci:X` or `unknown`.

    Unlike NCD, a card directly on the root bus and a virtio card are named by their PCI address.
    """
    for word, pattern in (("usb", _USB), ("pci", _PCI)):
        match = pattern.search(path)
        if match is not None:
            found = f"{word}:{match[1]}".encode()
            return found if len(found) <= LONGEST else b"unknown"
    return b"unknown"


def bus_of_link(name: str) -> bytes:
    """Say which bus a link's device sits on now."""
    try:
        return bus_of(os.path.realpath(f"/sys/class/net/{name}", strict=True))
    except OSError:
        return b"unknown"
