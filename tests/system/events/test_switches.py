"""Radio switches, with a FIFO and a folder in place of the kernel's device and sysfs."""

import asyncio
import os
from contextlib import aclosing
from pathlib import Path
from struct import pack

import pytest

from netstrata.system.events.switches import switch_of, watch_switch
from netstrata.values import Unavailable


def event(index: int, operation: int, soft: int, hard: int) -> bytes:
    return pack("=IBBBB", index, 1, operation, soft, hard)


def test_a_radio_is_free_while_its_switch_is_there_and_blocks_nothing(tmp_path: Path) -> None:
    device = tmp_path / "rfkill"
    os.mkfifo(device)

    async def act() -> list[bool]:
        kernel = os.open(device, os.O_RDWR | os.O_NONBLOCK)
        try:
            os.write(kernel, event(0, 0, 0, 0) + event(2, 0, 1, 0))
            async with aclosing(watch_switch(2, str(device))) as states:
                os.write(kernel, event(2, 2, 1, 1) + event(2, 2, 0, 0) + event(0, 2, 1, 0))  # free
                os.write(kernel, event(2, 2, 0, 0) + event(2, 2, 0, 1))  # a button
                os.write(kernel, event(2, 2, 0, 0) + event(2, 1, 0, 0))  # free, then gone
                return [await anext(states) for _ in range(4)]
        finally:
            os.close(kernel)

    assert asyncio.run(act()) == [True, False, True, False]


def test_a_device_that_gives_half_an_event_is_refused(tmp_path: Path) -> None:
    device = tmp_path / "rfkill"
    os.mkfifo(device)

    async def act() -> None:
        kernel = os.open(device, os.O_RDWR | os.O_NONBLOCK)
        try:
            os.write(kernel, b"half")
            async with aclosing(watch_switch(0, str(device))) as states:
                await anext(states)
        finally:
            os.close(kernel)

    with pytest.raises(Unavailable, match="gave 4 bytes, not the 8 of an event"):
        asyncio.run(act())


def test_a_machine_without_switches_says_so(tmp_path: Path) -> None:
    async def act() -> None:
        async with aclosing(watch_switch(0, str(tmp_path / "none"))) as states:
            await anext(states)

    with pytest.raises(Unavailable, match="No such file or directory"):
        asyncio.run(act())


def test_the_switch_of_a_link_is_the_last_of_its_radio(tmp_path: Path) -> None:
    for name in ("rfkill3", "rfkill12", "power"):
        (tmp_path / "wlan0" / "phy80211" / name).mkdir(parents=True)
    (tmp_path / "wlan1" / "phy80211").mkdir(parents=True)

    assert switch_of("wlan0", str(tmp_path)) == 12
    with pytest.raises(Unavailable, match="it has none"):
        switch_of("wlan1", str(tmp_path))
    with pytest.raises(Unavailable, match="no such wireless link"):
        switch_of("eth0", str(tmp_path))
