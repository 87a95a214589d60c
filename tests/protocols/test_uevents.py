"""Messages about devices as bytes, the table that they make, and what is shown of it."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.sightings import ADDED, REMOVED, Roster, Sighting, input_sighting, usb_sighting
from netstrata.protocols.uevents import Devices, Uevent, read_properties, read_uevent, record_name

KERNEL = (
    b"add@/devices/x/input0/event0\0ACTION=add\0DEVPATH=/devices/x/input0/event0\0SUBSYSTEM=input\0"
    b"MAJOR=13\0MINOR=64\0DEVNAME=input/event0\0SEQNUM=1\0"
)


def of_udev(properties: bytes) -> bytes:
    return pack("=8s4sIIIIIII", b"libudev\0", b"\xfe\xed\xca\xfe", 40, 40, len(properties), 0, 0, 0, 0) + properties


def event(action: str, path: str, **properties: str) -> Uevent:
    return Uevent(action, path, {"SUBSYSTEM": "input", **properties})


def test_a_message_of_the_kernel_names_the_node_by_its_whole_path() -> None:
    found = read_uevent(KERNEL)

    assert found is not None
    assert (found.action, found.path) == ("add", "/devices/x/input0/event0")
    assert found.properties["DEVNAME"] == "/dev/input/event0"
    assert record_name(found.properties, found.path) == "c13:64"


def test_a_message_of_udev_has_more_properties() -> None:
    found = read_uevent(of_udev(b"ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=input\0ID_INPUT_KEY=1\0"))

    assert found is not None
    assert found.properties["ID_INPUT_KEY"] == "1"


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"no message",
        b"add@/devices/x\0",
        b"libudev\0",
        of_udev(b"ACTION=add\0")[:-3],
        of_udev(b"ACTION=add\0DEVPATH=/x\0").replace(b"\xfe\xed\xca\xfe", b"\xca\xfe\xfe\xed"),
        pack("=8s4sIIIIIII", b"libudev\0", b"\xfe\xed\xca\xfe", 40, 0xFFFFFFF0, 32, 0, 0, 0, 0),
        pack("=8s4sIIIIIII", b"libudev\0", b"\xfe\xed\xca\xfe", 40, 0, 40, 0, 0, 0, 0),
    ],
)
def test_what_is_no_message_is_none(octets: bytes) -> None:
    assert read_uevent(octets) is None


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_a_message_or_none(octets: bytes, from_udev: bool) -> None:
    found = read_uevent((b"libudev\0" if from_udev else b"add@/x\0") + octets)

    assert found is None or found.path.startswith("/")


def test_other_lines_of_a_record_of_udev_are_no_properties() -> None:
    lines = b"S:input/by-id/x\nI:123\nE:ID_INPUT=1\nE:ID_PATH=a=b\nG:seat\nE:broken".split(b"\n")

    assert read_properties(lines, b"E:") == {"ID_INPUT": "1", "ID_PATH": "a=b"}


def test_a_device_is_in_the_table_until_it_is_removed() -> None:
    devices = Devices("input")

    assert devices.take(event("add", "/a")) == ["/a"]
    assert devices.take(event("change", "/a", MORE="1")) == ["/a"]
    assert devices.take(Uevent("add", "/u", {"SUBSYSTEM": "usb"})) == []
    assert devices.take(event("remove", "/a")) == ["/a"]
    assert devices.take(event("remove", "/a")) == []
    assert devices.known == {}


def test_a_moved_device_takes_what_is_below_it_along() -> None:
    devices = Devices("input")
    for path in ("/a", "/a/b", "/ab"):
        devices.take(event("add", path))

    changed = devices.take(event("move", "/c", DEVPATH_OLD="/a"))

    assert sorted(devices.known) == ["/ab", "/c", "/c/b"]
    assert changed == ["/a", "/c", "/a/b", "/c/b"]


def test_after_a_loss_only_what_is_different_is_told() -> None:
    devices = Devices("input")
    for path in ("/gone", "/same", "/other"):
        devices.take(event("add", path))
    same = devices.known["/same"]

    changed = devices.replace({"/same": same, "/other": {"SUBSYSTEM": "input", "NEW": "1"}, "/new": {}})

    assert changed == ["/gone", "/other", "/new"]


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ({"ID_INPUT_KEY": "1", "ID_INPUT_KEYBOARD": "1"}, b"key"),
        ({"ID_INPUT_MOUSE": "1", "ID_INPUT_JOYSTICK": "0"}, b"joystick"),
        ({}, b"unknown"),
    ],
)
def test_the_first_kind_that_udev_names_is_shown(properties: dict[str, str], kind: bytes) -> None:
    seen = input_sighting({"DEVNAME": "/dev/input/event3", **properties}, b"event")

    assert seen == Sighting(b"/dev/input/event3", (kind,))


@pytest.mark.parametrize("devname", ["/dev/input/mouse0", "/dev/input/xevent0", "/dev/input/event0x", "event0", ""])
def test_a_node_of_another_type_is_not_shown(devname: str) -> None:
    assert input_sighting({"DEVNAME": devname}, b"event") is None


def test_a_type_is_not_taken_for_a_pattern() -> None:
    assert input_sighting({"DEVNAME": "/dev/input/event0"}, b"ev.*") is None
    assert input_sighting({"DEVNAME": "/dev/input/mice"}, b"mice") is not None


def test_a_usb_device_is_shown_with_four_digits_with_and_without_udev() -> None:
    node = {"DEVTYPE": "usb_device", "DEVNAME": "/dev/bus/usb/001/002"}

    from_udev = usb_sighting({**node, "ID_VENDOR_ID": "46d", "ID_MODEL_ID": "C52B"})
    from_kernel = usb_sighting({**node, "PRODUCT": "46d/c52b/1211"})

    assert from_udev == from_kernel == Sighting(b"/dev/bus/usb/001/002", (b"046d", b"c52b"))
    assert usb_sighting({**node, "DEVTYPE": "usb_interface", "PRODUCT": "46d/c52b/1211"}) is None
    assert usb_sighting({**node, "ID_VENDOR_ID": "x", "ID_MODEL_ID": "1"}) is None
    assert usb_sighting(node) is None


def test_a_device_with_a_new_node_is_removed_as_it_was_and_added() -> None:
    roster = Roster()
    old, new = Sighting(b"/dev/a", (b"key",)), Sighting(b"/dev/b", (b"mouse",))

    assert roster.update("/x", old) == [(ADDED, old)]
    assert roster.update("/x", Sighting(b"/dev/a", (b"mouse",))) == []
    assert roster.update("/x", new) == [(REMOVED, old), (ADDED, new)]
    assert roster.update("/x", None) == [(REMOVED, new)]
    assert roster.update("/x", None) == []
