"""Devices as a real udevd tells of them, on a host of the lab."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from netstrata.ports.events import DeviceChange
from netstrata.system.events.devices import Places, watch_devices
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

UDEVD = "/lib/systemd/systemd-udevd"
# It must not touch the machine's device nodes.
OWN_DEVICES = f"""mount -t tmpfs dev /dev && mkdir -p /run/udev/rules.d &&
mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9 && exec {UDEVD} --resolve-names=never"""
pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not os.access(UDEVD, os.X_OK), reason=f"{UDEVD} is missing"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make device nodes"),
]


def with_udev(host: Host) -> Child:
    """Start udevd on a host, and wait until it listens."""
    daemon = host.start(("unshare", "-m", "sh", "-c", OWN_DEVICES))
    wait_until("udevd", lambda: "control" in host.run("sh", "-c", "ls -A /run/udev || true"))
    host.run("udevadm", "settle")
    return daemon


async def next_about(changes: AsyncGenerator[DeviceChange, None], name: str) -> DeviceChange:
    """Return the next change of a device."""
    async for change in changes:
        if change.path.endswith(f"/{name}"):
            return change
    raise AssertionError("no more changes")


def test_a_link_is_told_with_what_udev_knows_of_it_whether_it_comes_before_us_or_after(lab: Lab) -> None:
    host = lab.host("host")
    udev = with_udev(host)
    host.ip("link add early type bridge")
    record = "n" + host.run("ip", "-o", "link", "show", "early").partition(":")[0]
    wait_until("its record", lambda: record in host.run("sh", "-c", "ls -A /run/udev/data 2>&1 || true").split())

    async def act() -> list[DeviceChange]:
        async with aclosing(watch_devices("net", Places())) as changes:
            seen = [await next_about(changes, "early")]
            host.ip("link add late type bridge")
            seen.append(await next_about(changes, "late"))
            host.ip("link del late")
            while seen[-1].properties is not None:
                seen.append(await next_about(changes, "late"))
            return seen

    seen = host.call(lambda: asyncio.run(asyncio.wait_for(act(), 60)))
    udev.end()

    assert [change.path.rpartition("/")[2] for change in (seen[0], seen[1], seen[-1])] == ["early", "late", "late"]
    for change in seen[:2]:
        assert change.properties is not None
        assert change.properties["ID_NET_DRIVER"] == "bridge"  # which only udev says
    assert seen[-1].properties is None
