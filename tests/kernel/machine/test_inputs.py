"""sys.watch_input, sys.evdev and sys.watch_usb with the kernel's own devices (uinput, vhci_hcd), and a real udevd."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.kernel.machine.machines import SLOW_S, UDEVD, Machine

from netstrata.testing.child import wait_until

pytestmark = [pytest.mark.kernel, pytest.mark.vm, pytest.mark.timeout(900)]
# linux/uinput.h
UI_DEV_CREATE, UI_DEV_DESTROY, UI_DEV_SETUP = 0x5501, 0x5502, 0x405C5503
UI_SET_EVBIT, UI_SET_KEYBIT = 0x40045564, 0x40045565
EV_SYN, EV_KEY, KEY_A, KEY_Z = 0, 1, 30, 44
WATCH = """process inputs {
    println("watching");
    sys.watch_input("event") d;
    println(d.event_type, " ", d.devname, " ", d.device_type);
    d->nextevent();
}
process usb {
    sys.watch_usb() d;
    println(d.event_type, " ", d.devname, " ", d.vendor_id, ":", d.model_id);
    d->nextevent();
}"""
READ = """process main {
    println("reading");
    sys.evdev("NODE") e;
    println(e.type, " ", e.code, " ", e.value, " ", e.code_numeric);
    e->nextevent();
}"""


@contextmanager
def keyboard() -> Iterator[int]:
    """Be a keyboard, as far as the kernel can tell."""
    device = os.open("/dev/uinput", os.O_WRONLY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(device, UI_SET_EVBIT, EV_KEY)
        for key in range(1, 128):
            fcntl.ioctl(device, UI_SET_KEYBIT, key)
        fcntl.ioctl(device, UI_DEV_SETUP, struct.pack("=HHHH80sI", 3, 0x1234, 0x5678, 1, b"a test's keyboard", 0))
        fcntl.ioctl(device, UI_DEV_CREATE)
        yield device
        fcntl.ioctl(device, UI_DEV_DESTROY)
    finally:
        os.close(device)


def press(device: int, key: int) -> None:
    """Press a key and let it go."""
    for kind, code, value in ((EV_KEY, key, 1), (EV_SYN, 0, 0), (EV_KEY, key, 0), (EV_SYN, 0, 0)):
        os.write(device, struct.pack("=qqHHi", 0, 0, kind, code, value))


def node_of_test() -> str:
    """Return the node of the keyboard, found by its name in sysfs."""
    for name in Path("/sys/class/input").glob("event*/device/name"):
        if name.read_text() == "a test's keyboard\n":
            return f"/dev/input/{name.parts[4]}"
    return ""


def test_without_udev_the_kernel_tells_of_devices_and_not_of_what_kind(machine: Machine) -> None:
    machine.load("evdev")
    machine.load("uinput")
    daemon = machine.runs(WATCH)
    daemon.wait_output("watching", SLOW_S)

    with keyboard():
        wait_until("the keyboard", lambda: node_of_test() != "", SLOW_S)
        node = node_of_test()
        daemon.wait_output(f"added {node} unknown\n", SLOW_S)

    daemon.wait_output(f"removed {node} unknown\n", SLOW_S)
    assert daemon.end(SLOW_S) == 0


@pytest.mark.skipif(not os.access(UDEVD, os.X_OK), reason=f"{UDEVD} is missing")
def test_udev_says_that_it_is_a_keyboard_whether_it_comes_before_us_or_after(machine: Machine) -> None:
    machine.load("evdev")
    machine.load("uinput")
    machine.start_udev()
    with keyboard():
        wait_until("the keyboard", lambda: node_of_test() != "", SLOW_S)
        node = node_of_test()
        machine.start("/usr/bin/udevadm", "settle").status(SLOW_S)
        daemon = machine.runs(WATCH)
        daemon.wait_output(f"added {node} key\n", SLOW_S)

    daemon.wait_output(f"removed {node} key\n", SLOW_S)
    with keyboard():
        wait_until("the second time", lambda: daemon.output().count(f"added {node} key\n") == 2, SLOW_S)
    assert daemon.end(SLOW_S) == 0


def test_what_is_typed_is_shown_in_order_and_the_end_of_the_device_fails_the_statement(machine: Machine) -> None:
    machine.load("evdev")
    machine.load("uinput")
    with keyboard() as device:
        wait_until("the keyboard", lambda: os.path.exists(node_of_test() or "/gone"), SLOW_S)
        daemon = machine.runs(READ.replace("NODE", node_of_test()))
        daemon.wait_output("reading", SLOW_S)
        wait_until("a reader", lambda: reads(daemon.pid, node_of_test()), SLOW_S)

        press(device, KEY_A)
        press(device, KEY_Z)

        daemon.wait_output("EV_KEY KEY_Z 0 44\nEV_SYN SYN_REPORT 0 0\n", SLOW_S)
    daemon.wait_output("cannot read input events from /dev/input/", SLOW_S)
    shown = [line for line in daemon.output().splitlines() if line.startswith("EV_")]
    assert shown == [
        "EV_KEY KEY_A 1 30", "EV_SYN SYN_REPORT 0 0", "EV_KEY KEY_A 0 30", "EV_SYN SYN_REPORT 0 0",
        "EV_KEY KEY_Z 1 44", "EV_SYN SYN_REPORT 0 0", "EV_KEY KEY_Z 0 44", "EV_SYN SYN_REPORT 0 0",
    ]  # fmt: skip
    assert "Traceback" not in daemon.output()
    assert daemon.end(SLOW_S) == 0


def reads(pid: int, node: str) -> bool:
    """Say whether a program has a file open."""
    return any(os.path.realpath(entry.path) == node for entry in os.scandir(f"/proc/{pid}/fd"))


def test_usb_hubs_of_a_controller_come_and_go_with_it(machine: Machine) -> None:
    daemon = machine.runs(WATCH)
    daemon.wait_output("watching", SLOW_S)

    machine.load("vhci_hcd")
    nodes = [f"/dev/{uevent('DEVNAME', hub)}" for hub in Path("/sys/bus/usb/devices").glob("usb*")]
    for node in nodes:
        daemon.wait_output(f"added {node} 1d6b:000", SLOW_S)
    machine.unload("vhci_hcd")

    for node in nodes:
        daemon.wait_output(f"removed {node} 1d6b:000", SLOW_S)
    assert len(nodes) >= 2
    assert daemon.end(SLOW_S) == 0


def uevent(name: str, device: Path) -> str:
    """Return a property of a device, from sysfs."""
    lines = (device / "uevent").read_text().splitlines()
    return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))
