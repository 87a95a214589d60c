"""On which bus a link's device sits, by its path in sysfs."""

import pytest

from netstrata.system.netlink.bus import bus_of


@pytest.mark.parametrize(
    ("path", "bus"),
    [
        ("/sys/devices/pci0000:00/0000:00:1c.4/0000:06:00.0/net/eth0", b"pci:0000:06:00.0"),
        ("/sys/devices/pci0000:00/0000:00:1f.6/net/eth0", b"pci:0000:00:1f.6"),  # on the root bus: NCD says unknown
        ("/sys/devices/pci0000:00/0000:00:03.0/virtio0/net/eth0", b"pci:0000:00:03.0"),  # NCD says pci:virtio0
        ("/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/net/usb0", b"usb:1-1:1.0"),
        ("/sys/devices/virtual/net/va", b"unknown"),
        ("/sys/devices/pci0000:00/0000:00:14.0/usb1/" + "x" * 130 + "/net/usb0", b"unknown"),
    ],
)
def test_a_card_is_named_by_the_place_where_it_is_plugged_in(path: str, bus: bytes) -> None:
    assert bus_of(path) == bus
