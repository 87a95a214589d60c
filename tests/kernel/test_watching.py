"""Statements that watch: addresses that do not last, hosts that answer, devices that come and go."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from struct import pack

import pytest

import netstrata
from netstrata.ports.events import DeviceChange
from netstrata.system.events.devices import Places, watch_devices
from netstrata.testing.child import Child
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
SOURCES = Path(netstrata.__file__).parents[1]
RUN = (sys.executable, "-m", "netstrata", "run", "--quiet", "--retry-time", "600000")
DYNAMIC = """process main {
    net.up("eth0");
    println("waiting");
    net.ipv6.wait_dynamic_addr("eth0") own;
    println("up with ", own.addr, " ", own.prefix, " ", own.cidr_addr);
    rprintln("down");
}"""
PROBE = """process main {
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.arp_probe("eth0", "10.77.0.1") probe;
    println("there: ", probe.exists);
}"""


def running(host: Host, text: str, folder: Path) -> Child:
    program = folder / "program.ncd"
    program.write_text(text)
    return host.start((*RUN, str(program)), {"PYTHONPATH": str(SOURCES)})


def lasting(host: Host, address: str, seconds: int = 1000) -> None:
    host.ip(f"addr replace {address}/64 dev eth0 valid_lft {seconds} preferred_lft {seconds}")


def test_another_address_takes_the_place_of_the_one_that_is_gone(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")
    daemon = running(host, DYNAMIC, tmp_path)
    daemon.wait_output("waiting")
    host.ip("addr add 2001:db8::99/64 dev eth0")  # lasts for ever
    lasting(host, "2001:db8::a")
    daemon.wait_output("up with 2001:db8::a 64 2001:db8::a/64\n")
    lasting(host, "2001:db8::b")

    host.ip("addr del 2001:db8::a/64 dev eth0")
    daemon.wait_output("down\nup with 2001:db8::b 64 2001:db8::b/64\n")
    host.ip("addr del 2001:db8::b/64 dev eth0")
    lasting(host, "2001:db8::c")

    daemon.wait_output("down\nup with 2001:db8::c 64 2001:db8::c/64\n")
    assert daemon.end() == 0
    assert "2001:db8::99" not in daemon.output()


def test_an_address_whose_time_is_over_is_gone(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")
    daemon = running(host, DYNAMIC, tmp_path)
    daemon.wait_output("waiting")

    lasting(host, "2001:db8::a", 4)  # of which duplicate address detection takes up to two

    daemon.wait_output("up with 2001:db8::a")
    daemon.wait_output("down\n")

    assert daemon.end() == 0


def test_a_host_that_answers_is_found_at_once_and_a_new_one_soon(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0", "10.77.0.1/24")
    lab.remember()

    daemon = running(host, PROBE, tmp_path)

    daemon.wait_output("there: true")
    assert "there: false" not in daemon.output()
    assert daemon.end() == 0


def test_a_host_that_never_answers_is_not_there_after_six_seconds(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0", "10.77.0.2/24")

    daemon = running(host, PROBE, tmp_path)

    daemon.wait_output("there: false")
    assert "there: true" not in daemon.output()
    assert daemon.end() == 0


def test_a_link_that_is_set_down_fails_the_probe_and_nothing_else(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0", "10.77.0.1/24")
    host.up("eth0")
    text = 'process main { net.ipv4.arp_probe("eth0", "10.77.0.1") probe; println("there: ", probe.exists); }'
    daemon = running(host, text, tmp_path)
    daemon.wait_output("there: true")

    host.ip("link set eth0 down")
    daemon.wait_output("cannot ask for 10.77.0.1 on eth0: Network is down")
    host.up("eth0")  # a change of a link lets it be tried again

    daemon.wait_output("there: true\n")
    assert "Traceback" not in daemon.output()
    assert daemon.end() == 0


def test_a_device_is_seen_by_what_the_kernel_says(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")

    async def act() -> list[DeviceChange]:
        async with aclosing(watch_devices("net", Places(str(tmp_path), str(tmp_path)))) as changes:
            seen: list[DeviceChange] = []
            coming = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0)
            host.ip("link add v0 type veth peer name v1")
            seen.append(await coming)
            seen.append(await anext(changes))
            host.ip("link del v0")
            return [*seen, *[await following(changes, gone=True) for _ in range(2)]]

    seen = host.call(lambda: asyncio.run(asyncio.wait_for(act(), 60)))

    assert {change.path.rpartition("/")[2] for change in seen} == {"v0", "v1"}
    assert [change.properties is None for change in seen] == [False, False, True, True]


async def following(changes: AsyncGenerator[DeviceChange, None], *, gone: bool) -> DeviceChange:
    """Return the next change of a kind; others, such as those of queues, are left out."""
    async for change in changes:
        if (change.properties is None) == gone:
            return change
    raise AssertionError("no more changes")


def of_udev(**properties: str) -> bytes:
    text = b"".join(f"{name}={value}".encode() + b"\0" for name, value in properties.items())
    return pack("=8s4sIIIIIII", b"libudev\0", b"\xfe\xed\xca\xfe", 40, 40, len(text), 0, 0, 0, 0) + text


def test_input_devices_come_and_go_as_udev_says(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    host.write("/run/udev/control", "")
    text = """process main {
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
    daemon = running(host, text, tmp_path)
    daemon.wait_output("watching")
    wait_for_listeners(host, 2)
    keyboard = {"DEVPATH": "/devices/x/event7", "SUBSYSTEM": "input", "DEVNAME": "/dev/input/event7"}
    stick = {"DEVPATH": "/devices/y", "SUBSYSTEM": "usb", "DEVNAME": "/dev/bus/usb/001/002", "DEVTYPE": "usb_device"}

    say(
        host,
        b"libudev\0 nonsense",
        of_udev(ACTION="add", **keyboard, ID_INPUT_KEY="1", ID_INPUT_KEYBOARD="1"),
        of_udev(ACTION="add", **stick, ID_VENDOR_ID="46d", ID_MODEL_ID="c52b"),
        of_udev(ACTION="remove", **stick),
        of_udev(ACTION="remove", **keyboard),
    )

    daemon.wait_output("added /dev/input/event7 key\n")
    daemon.wait_output("removed /dev/input/event7 key\n")
    daemon.wait_output("added /dev/bus/usb/001/002 046d:c52b\n")
    daemon.wait_output("removed /dev/bus/usb/001/002 046d:c52b\n")
    assert daemon.end() == 0


def say(host: Host, *messages: bytes) -> None:
    """Say something in udev's group."""

    def work() -> None:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15) as speaker:
            for message in messages:
                speaker.sendto(message, (0, 2))

    host.call(work)


def wait_for_listeners(host: Host, count: int) -> None:
    """Wait until so many sockets listen to udev's group."""
    from netstrata.testing.child import wait_until

    def listening() -> bool:
        lines = host.run("cat", "/proc/net/netlink").splitlines()
        return sum(line.split()[1] == "15" and line.split()[3] == "00000002" for line in lines) == count

    wait_until("listeners", listening)
