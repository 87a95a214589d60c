"""Packets that never end: whoever reads them leaves the loop to others."""

import asyncio
import socket
from typing import Any

from netstrata.system.packet_reader import PacketReader
from netstrata.system.probes.packets import PacketAsker

FLOOD = 3000  # packets, each sent when the one before is read: as many as there are, and then the test has failed


class Flood:
    """A host that answers each packet that is read by another one."""

    silence = "nothing"

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.read = 0
        self.begun = asyncio.Event()

    def open(self) -> socket.socket:
        self.far.send(b"first")
        return self.near

    def question(self, number: int) -> tuple[bytes, Any]:
        raise OSError

    def answers(self, packet: bytes) -> None:
        self.read += 1
        self.begun.set()
        if self.read < FLOOD:
            self.far.send(packet)

    def take(self) -> bool:
        try:
            self.answers(self.near.recv(16))
        except BlockingIOError:
            return False
        return True


def test_a_host_that_never_stops_answering_leaves_the_loop_to_others() -> None:
    async def flooded() -> int:
        flood = Flood()
        with flood.far:
            asker = PacketAsker(flood)
            asker.begin(lambda *_: None)
            await flood.begun.wait()
            read = flood.read
            asker.end()
            return read

    assert asyncio.run(flooded()) == 16


def test_it_goes_on_after_a_rest_and_reads_nothing_once_it_has_ended() -> None:
    async def flooded() -> list[int]:
        flood, turns, third = Flood(), list[int](), asyncio.Event()

        def after() -> None:
            turns.append(flood.read)
            if len(turns) == 3:
                third.set()

        with flood.open(), flood.far:
            reader = PacketReader(flood.near.fileno(), flood.take, after)
            await third.wait()
            reader.end()
            await asyncio.sleep(0.03)
            return [*turns, flood.read]

    assert asyncio.run(flooded()) == [16, 32, 48, 48]


def test_a_packet_can_end_it() -> None:
    async def ended() -> int:
        flood = Flood()

        def take() -> bool:
            flood.take()
            if flood.read == 5:
                reader.end()
            return True

        with flood.open(), flood.far:
            reader = PacketReader(flood.near.fileno(), take)
            await asyncio.sleep(0.03)
            return flood.read

    assert asyncio.run(ended()) == 5
