"""sys.watch_input: input devices that come and go."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import Events, reports
from netstrata.contract.shapes.common import Text
from netstrata.contract.shapes.devices import DeviceEvent, InputKind
from netstrata.ports import Ports
from netstrata.protocols.sightings import Roster, input_sighting


class Change(NamedTuple):
    event_type: DeviceEvent
    devname: Text
    device_type: InputKind


@reports("sys.watch_input")
async def watch_input(ports: Ports, node_type: Text) -> Events[Change]:
    """Show each input device with nodes of a type (event, mouse, js) as added, then those that come and go.

    What kind of device it is comes from udev; without udev it is unknown.

    Example:
        sys.watch_input("event") device;
        println(device.event_type, " ", device.devname, " ", device.device_type);
        device->nextevent();

    Source: NETLINK_KOBJECT_UEVENT in netlink(7); NCD, sys.watch_input.
    """
    roster = Roster()
    async with aclosing(ports.events.watch_devices("input")) as changes:
        async for change in changes:
            for kind, seen in roster.update(change.path, input_sighting(change.properties, node_type)):
                yield Change(kind, seen.devname, seen.facts[0])
