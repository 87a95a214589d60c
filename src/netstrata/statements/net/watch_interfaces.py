"""net.watch_interfaces: links that come and go."""

from contextlib import aclosing
from typing import Annotated, NamedTuple

from netstrata.contract import Events, Shape, reports
from netstrata.contract.shapes.common import LinkName, Text
from netstrata.ports import Ports
from netstrata.values import Value


def _event_type(value: Value) -> bytes | None:
    return value if value in (b"added", b"removed") and isinstance(value, bytes) else None


EVENT_TYPE = Shape[bytes](
    "an event type", "added or removed", _event_type, lambda word: word, ('"added"',), ('"moved"', "{}")
)


class Change(NamedTuple):
    event_type: Annotated[bytes, EVENT_TYPE]
    devname: LinkName
    bus: Text


@reports("net.watch_interfaces", layer=1)
async def watch_interfaces(ports: Ports) -> Events[Change]:
    """Show each link that exists as added, then those that come and go, one at a time.

    A rename is the old name removed and the new one added.  A link that a statement of the program renames is added by
    its new name, too, and removed by the old one only when it is gone.  `bus` is as `pci:0000:00:1f.6` or
    `usb:1-1:1.0`, or `unknown` for a link without a device.

    Example:
        net.watch_interfaces() change;
        println(change.event_type, " ", change.devname, " on ", change.bus);
        change->nextevent();

    Source: rtnetlink(7), RTM_NEWLINK, RTM_DELLINK.
    """
    buses: dict[str, bytes] = {}
    async with aclosing(ports.links.watch_links()) as changes:
        async for change in changes:
            if change.added:
                bus = buses[change.name] = ports.links.bus(change.name)
                yield Change(b"added", change.name, bus)
            else:
                yield Change(b"removed", change.name, buses.pop(change.name, b"unknown"))
