"""sys.watch_usb: USB devices that come and go."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import Events, reports
from netstrata.contract.shapes.common import Text
from netstrata.contract.shapes.devices import DeviceEvent
from netstrata.ports import Ports
from netstrata.protocols.sightings import Roster, usb_sighting


class Change(NamedTuple):
    event_type: DeviceEvent
    devname: Text
    vendor_id: Text
    model_id: Text


@reports("sys.watch_usb")
async def watch_usb(ports: Ports) -> Events[Change]:
    """Show each USB device as added, then those that come and go, with the numbers of vendor and model in hexadecimal.

    Example:
        sys.watch_usb() device;
        println(device.event_type, " ", device.vendor_id, ":", device.model_id, " ", device.devname);
        device->nextevent();

    Source: NETLINK_KOBJECT_UEVENT in netlink(7); NCD, sys.watch_usb.
    """
    roster = Roster()
    async with aclosing(ports.events.watch_devices("usb")) as changes:
        async for change in changes:
            for kind, seen in roster.update(change.path, usb_sighting(change.properties)):
                yield Change(kind, seen.devname, *seen.facts)
