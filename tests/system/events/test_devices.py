"""What sysfs and udev's records say of the devices that are there, in folders of a test."""

from pathlib import Path

from netstrata.protocols.sightings import input_sighting, usb_sighting
from netstrata.system.events.devices import Places, scan


def device(root: Path, path: str, uevent: str, link: str) -> None:
    """Add a device to a sysfs, with the link by which its subsystem is found."""
    folder = root / "sys" / path
    folder.mkdir(parents=True)
    (folder / "uevent").write_bytes(uevent.encode("utf-8", "surrogateescape"))
    at = root / "sys" / link
    at.mkdir(parents=True, exist_ok=True)
    (at / folder.name).symlink_to(folder)


def places(root: Path) -> Places:
    return Places(str(root / "sys"), str(root / "udev"))


def test_a_device_has_the_properties_of_sysfs_and_those_of_udev(tmp_path: Path) -> None:
    device(tmp_path, "devices/x/event0", "MAJOR=13\nMINOR=64\nDEVNAME=input/event0\n", "class/input")
    (tmp_path / "udev" / "data").mkdir(parents=True)
    (tmp_path / "udev" / "data" / "c13:64").write_text("I:1\nE:ID_INPUT_MOUSE=1\nG:seat\n")

    found = scan("input", places(tmp_path))

    assert list(found) == ["/devices/x/event0"]
    seen = input_sighting(found["/devices/x/event0"], b"event")
    assert seen is not None
    assert (seen.devname, seen.facts) == (b"/dev/input/event0", (b"mouse",))


def test_without_udev_the_devices_are_there_all_the_same(tmp_path: Path) -> None:
    device(
        tmp_path,
        "devices/y/1-1",
        "MAJOR=189\nMINOR=1\nDEVNAME=bus/usb/001/002\nDEVTYPE=usb_device\nPRODUCT=46d/c52b/1211\n",
        "bus/usb/devices",
    )
    device(tmp_path, "devices/y/1-1:1.0", "DEVTYPE=usb_interface\nPRODUCT=46d/c52b/1211\n", "bus/usb/devices")

    sightings = [usb_sighting(properties) for properties in scan("usb", places(tmp_path)).values()]

    assert [(seen.devname, *seen.facts) for seen in sightings if seen] == [(b"/dev/bus/usb/001/002", b"046d", b"c52b")]


def test_a_name_that_is_no_utf8_is_kept_and_a_device_that_is_just_gone_is_left_out(tmp_path: Path) -> None:
    device(tmp_path, "devices/x/js0", "DEVNAME=input/js0\nNAME=\udcff\n", "class/input")
    (tmp_path / "sys" / "class" / "input" / "js1").symlink_to(tmp_path / "sys" / "devices" / "gone")

    found = scan("input", places(tmp_path))

    assert found == {"/devices/x/js0": {"DEVNAME": "/dev/input/js0", "NAME": "\udcff", "SUBSYSTEM": "input"}}


def test_a_machine_without_such_devices_has_none(tmp_path: Path) -> None:
    assert scan("input", places(tmp_path)) == {}
