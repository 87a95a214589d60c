"""Radio switches.  Source: linux/rfkill.h, Documentation/driver-api/rfkill.rst."""

import os
import re
from collections.abc import AsyncGenerator

from netstrata.protocols.rfkill import EVENT_SIZE, lets_through, read_switch_event
from netstrata.system.readable import wait_readable
from netstrata.values import Unavailable

DEVICE = "/dev/rfkill"
LINKS = "/sys/class/net"
_SWITCH = re.compile(r"rfkill(\d+)")


def switch_of(link: str, links: str = LINKS) -> int:
    """Return the index of the radio switch of a wireless link: see `ports.Events`."""
    operation = f"find the radio switch of {link}"
    try:
        names = os.listdir(os.path.join(links, link, "phy80211"))
    except OSError:
        raise Unavailable(operation, "there is no such wireless link") from None
    found = [int(match[1]) for match in map(_SWITCH.fullmatch, names) if match]
    if not found:
        raise Unavailable(operation, "it has none")
    return max(found)


async def watch_switch(index: int, device: str = DEVICE) -> AsyncGenerator[bool, None]:
    """Say whether a radio switch exists and blocks nothing: see `ports.Events`."""
    operation = f"watch radio switch {index}"
    try:
        descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise Unavailable(operation, error.strerror or str(error), error.errno or 0) from None
    try:
        said = False
        while True:
            try:
                octets = os.read(descriptor, EVENT_SIZE)
            except BlockingIOError:
                await wait_readable(descriptor)
                continue
            except OSError as error:
                raise Unavailable(operation, error.strerror or str(error), error.errno or 0) from None
            event = read_switch_event(octets)
            if event is None:
                raise Unavailable(operation, f"{device} gave {len(octets)} bytes, not the {EVENT_SIZE} of an event")
            if event.number == index and lets_through(event) != said:
                said = not said
                yield said
    finally:
        os.close(descriptor)
