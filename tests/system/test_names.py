"""Names are looked up beside the loop, a few at a time, and one that hangs keeps nobody but those in line."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from netstrata.system.names import NameLookups, SocketAddress, read_numeric
from netstrata.values import Unavailable


def test_an_address_is_read_without_asking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_numeric("192.0.2.1", 7) == SocketAddress(bytes([192, 0, 2, 1]), 7)
    assert read_numeric("fe80::1%lo", 7) == SocketAddress(b"\xfe\x80" + bytes(13) + b"\1", 7, 1)
    assert read_numeric("vpn.example.org", 7) is None


def test_a_name_that_hangs_holds_up_neither_the_loop_nor_more_than_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, most, running = threading.Event(), [0], [0]

    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        running[0] += 1
        most[0] = max(most[0], running[0])
        if host.startswith("slow"):
            hangs.wait(20)
        running[0] -= 1
        if host == "none":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("192.0.2.1", port))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", lookup)

    async def story() -> tuple[Any, ...]:
        names = NameLookups()
        slow = [asyncio.create_task(names.find(f"slow{n}", 7)) for n in range(3)]
        fast = await asyncio.wait_for(names.find("fast", 7), 5)
        with pytest.raises(Unavailable, match="name or service not known"):
            await names.find("none", 7)
        more = [asyncio.create_task(names.find(f"slow{n}", 7)) for n in range(3, 9)]
        await asyncio.sleep(0.1)
        slow[0].cancel()  # whoever has left is told nothing
        hangs.set()
        return fast, await asyncio.wait_for(asyncio.gather(*slow[1:], *more), 5)

    fast, rest = asyncio.run(story())

    assert fast == [SocketAddress(bytes([192, 0, 2, 1]), 7)]
    assert rest == [fast] * 8
    assert most[0] == 4
    for thread in threading.enumerate():
        if thread.name == "name lookup":
            thread.join(5)
    assert [thread.name for thread in threading.enumerate() if thread.name == "name lookup"] == []
