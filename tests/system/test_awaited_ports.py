"""Waiting until a port is free."""

import asyncio
import socket

import pytest

from netstrata.system.held import WaitQueues
from netstrata.system.held.wait_queues import PORT
from netstrata.system.streams.awaited_ports import AwaitedPorts
from netstrata.values import Awaited


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_who_waits_for_a_port_is_woken_when_its_socket_is_closed_and_by_no_other(
    kind: int, family: int, host: str
) -> None:
    async def story() -> list[str]:
        queues = WaitQueues()
        AwaitedPorts(queues)
        taken, other = socket.socket(family, kind), socket.socket(family, kind)
        taken.bind((host, 0))
        other.bind((host, 0))
        told: list[str] = []
        woken = asyncio.Event()
        stop_other = queues.wait(Awaited(PORT, other.getsockname()[1]), lambda: told.append("other"))
        stop = queues.wait(Awaited(PORT, taken.getsockname()[1]), woken.set)
        taken.close()
        await woken.wait()
        stop()
        stop_other()
        other.close()
        return told

    assert asyncio.run(story()) == []
