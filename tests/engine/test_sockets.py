"""sys.connect, sys.listen and what is done with a socket, between real ends."""

import asyncio
import os
import resource
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.engine.live import Live, open_descriptors

LISTEN = """
process main {
    sys.listen({"unix", "FOLDER/s"}, "client", {}) l;
    println("listening");
}
"""


def played(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(act())


def connected(folder: Path) -> socket.socket:
    end = socket.socket(socket.AF_UNIX)
    end.connect(str(folder / "s"))
    end.settimeout(60)
    return end


def test_a_reset_is_noticed_by_a_connection_that_nobody_uses(tmp_path: Path) -> None:
    async def act() -> None:
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]
        text = 'process main { sys.connect({"tcp", {"ipv4", "127.0.0.1", "PORT"}}) c; println("broken ", c.is_error); }'
        live = Live(text.replace("PORT", str(port)), tmp_path)
        await live.until_printed("broken false")
        end, _ = server.accept()

        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        end.close()

        await live.until_printed("broken true")
        await live.ended()
        server.close()
        assert live.left_open() == []

    played(act)


def test_what_came_before_a_reset_can_still_be_read(tmp_path: Path) -> None:
    async def act() -> None:
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]
        live = Live(
            """process main {
                sys.connect({"tcp", {"ipv4", "127.0.0.1", "PORT"}}, ["read_size": "4"]) c;
                If (c.is_error) { println("broken"); exit("0"); };
                println("connected");
                sleep("10");
                c->read() a;
                println("got ", a);
                c->read() b;
            }""".replace("PORT", str(port)),
            tmp_path,
        )
        await live.until_printed("connected")
        end, _ = server.accept()
        end.sendall(b"last")

        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        end.close()
        for _ in range(5):
            await asyncio.sleep(0)
        live.pass_time(10)

        await live.until_printed("got last")
        await live.until(lambda: live.engine.stopped)
        server.close()
        assert live.output.splitlines() == ["connected", "got last", "broken"]

    played(act)


def test_an_end_that_sends_no_more_can_still_be_written_to(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(
            LISTEN
            + """template client {
                _socket->read() question;
                _socket->read() end;
                _socket->write(end.eof);
                println("answered");
            }""",
            tmp_path,
        )
        end = connected(tmp_path)
        end.sendall(b"question")

        end.shutdown(socket.SHUT_WR)

        await live.until_printed("answered")
        assert end.recv(100) == b"true"
        end.close()
        await live.ended()
        assert live.left_open() == []

    played(act)


def test_a_reader_that_does_not_read_stops_only_who_writes_to_it(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(
            LISTEN
            + """template client {
                value("0123456789abcdef") big;
                Foreach (NUMBERS As n) { big->append(big); };
                println("writing ", big.length);
                _socket->write(big);
                println("written");
            }""".replace("NUMBERS", "{" + ", ".join(f'"{n}"' for n in range(17)) + "}")
            + 'process other { sleep("10"); println("others go on"); }',
            tmp_path,
        )
        end = connected(tmp_path)
        await live.until_printed("writing 2097152")
        live.pass_time(10)
        assert "others go on" in live.output
        assert "written" not in live.output

        taken = 0
        while taken < 2097152:
            taken += len(await asyncio.get_running_loop().run_in_executor(None, end.recv, 1 << 20))
            live.work_off()

        await live.until_printed("written")
        end.close()
        await live.ended()
        assert live.left_open() == []

    played(act)


def test_bytes_that_are_no_text_pass_unchanged(tmp_path: Path) -> None:
    octets = bytes(range(256)) * 8

    async def act() -> None:
        live = Live(
            LISTEN
            + """template client {
                backtrack_point() again;
                _socket->read() data;
                _socket->write(data);
                If (data.not_eof) { again->go(); };
            }""",
            tmp_path,
        )
        end = connected(tmp_path)
        end.sendall(octets)
        end.shutdown(socket.SHUT_WR)
        await live.until(lambda: _has(end, len(octets)))

        assert end.recv(1 << 16) == octets
        end.close()
        await live.ended()

    played(act)


def _has(end: socket.socket, size: int) -> bool:
    end.setblocking(False)
    try:
        return len(end.recv(1 << 16, socket.MSG_PEEK)) >= size
    except BlockingIOError:
        return False


def test_nothing_is_left_of_a_thousand_connections(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(LISTEN + "template client { _socket->read(); _socket->close(); }", tmp_path)
        before = open_now()

        for _ in range(1000):
            end = connected(tmp_path)
            end.send(b"x")
            await live.until(lambda end=end: _closed(end))  # type: ignore[misc]
            end.close()
        # The last one's process is undone in the turn after its socket is closed.
        await live.until(lambda: live.engine.alive == 1)

        assert open_now() == before
        assert len(asyncio.all_tasks()) == 1
        await live.ended()
        assert live.left_open() == []

    played(act)


def open_now() -> int:
    return len(open_descriptors())


def _closed(end: socket.socket) -> bool:
    end.setblocking(False)
    try:
        return end.recv(1) == b""
    except BlockingIOError:
        return False


def test_a_path_that_somebody_else_listens_on_by_now_is_left_alone(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(LISTEN + 'template client { sleep("1"); }', tmp_path)
        (tmp_path / "s").unlink()
        other = socket.socket(socket.AF_UNIX)
        other.bind(str(tmp_path / "s"))

        await live.ended()

        assert (tmp_path / "s").is_socket()
        other.close()

    played(act)


def test_a_path_that_is_too_long_to_be_listened_on_is_left_alone(tmp_path: Path) -> None:
    async def act() -> None:
        path = tmp_path / ("s" * (108 - len(str(tmp_path))))
        path.write_text("somebody's file")
        text = 'process main { sys.listen({"unix", "PATH"}, "client", {}) l; println("error ", l.is_error); }'

        live = Live(text.replace("PATH", str(path)) + ' template client { println("served"); }', tmp_path)

        await live.until_printed("error true")
        assert path.read_text() == "somebody's file"

    played(act)


def test_a_listener_without_descriptors_left_waits_and_goes_on(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(LISTEN + 'template client { println("served"); _socket->read(); }', tmp_path)
        ends = [connected(tmp_path), socket.socket(socket.AF_UNIX)]
        await live.until_printed("served")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        highest = max(int(one.split()[0]) for one in open_descriptors())
        held = [os.open("/dev/null", os.O_RDONLY) for _ in range(highest - len(open_descriptors()) + 2)]

        resource.setrlimit(resource.RLIMIT_NOFILE, (max(held) + 1, hard))
        try:
            ends[1].connect(str(tmp_path / "s"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert live.output.count("served") == 1
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for descriptor in held:
                os.close(descriptor)

        await live.until(lambda: live.output.count("served") == 2)
        for end in ends:
            end.close()
        await live.ended()
        assert live.left_open() == []

    played(act)


def test_a_connection_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    async def act() -> None:
        full = socket.socket()  # it listens, but a queue of none takes one connection only
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        text = (
            'process main { println("begins"); sys.connect({"tcp", {"ipv4", "127.0.0.1", "PORT"}}) c; println("up"); }'
        )
        live = Live(text.replace("PORT", str(full.getsockname()[1])), tmp_path)

        await live.ended()

        assert live.output == "begins\n"
        assert live.left_open() == []
        for one in (full, *fillers):
            one.close()

    played(act)
