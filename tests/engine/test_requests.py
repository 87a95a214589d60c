"""sys.request_server and sys.request_client, against another end that may send anything."""

import asyncio
import random
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from tests.engine.live import Live, open_descriptors

from netstrata.protocols.requests import ABORT, ERROR, FINISHED, REPLY, REQUEST, Decoder, Message, encode

SERVER = """
process main {
    sys.request_server({"unix", "FOLDER/s"}, "handler", {}) server;
    println("listening");
}
"""
CLIENT = """
process main {
    sys.request_client({"unix", "FOLDER/s"}) client;
    println("connected");
    process_manager() manager;
    manager->start("r", "requester", {});
    sleep("10");
    manager->stop("r");
    println("stopped");
}
template requester { _caller.client->request("question", "on_reply", "on_finish", {}) request; println("sent"); }
template on_reply { println("reply ", _reply.data); }
template on_finish { println("finished"); }
"""


def played(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(act())


class Peer:
    """The other end, by hand."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.decoder = Decoder()
        self.heard: list[Message] = []
        self.ended = False

    def send(self, *messages: Message) -> None:
        self.end.sendall(b"".join(map(encode, messages)))

    def look(self) -> list[Message]:
        """Take what has come until now."""
        self.end.setblocking(False)
        try:
            while octets := self.end.recv(1 << 16):
                self.heard += self.decoder.feed(octets)
            self.ended = True
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.ended = True
        return self.heard

    def kinds(self) -> list[int]:
        return [message.kind for message in self.look()]


def connected(folder: Path) -> Peer:
    end = socket.socket(socket.AF_UNIX)
    end.connect(str(folder / "s"))
    return Peer(end)


def listening(folder: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(folder / "s"))
    server.listen()
    return server


async def client_and_peer(folder: Path) -> tuple[Live, Peer, socket.socket]:
    server = listening(folder)
    live = Live(CLIENT, folder)
    await live.until_printed("sent")
    return live, Peer(server.accept()[0]), server


def test_a_reply_to_an_aborted_request_is_ignored(tmp_path: Path) -> None:
    async def act() -> None:
        live, peer, server = await client_and_peer(tmp_path)
        live.pass_time(10)
        await live.until(lambda: ABORT in peer.kinds())

        peer.send(Message(REPLY, 0, b'"late"'), Message(REPLY, 0, b'"later"'), Message(ERROR, 0))

        for _ in range(20):
            await asyncio.sleep(0)
            live.work_off()
        assert live.output.splitlines() == ["connected", "sent", "stopped"]
        assert live.failures == []
        await live.ended()
        server.close()
        peer.end.close()

    played(act)


def test_a_number_is_used_again_only_after_the_server_has_let_go_of_it(tmp_path: Path) -> None:
    async def act() -> None:
        server = listening(tmp_path)
        text = CLIENT.replace('println("stopped");', 'manager->start("r2", "requester", {});')
        live = Live(text, tmp_path)
        await live.until_printed("sent")
        peer = Peer(server.accept()[0])

        live.pass_time(10)
        await live.until(lambda: len(peer.look()) == 3)

        assert [(m.kind, m.request) for m in peer.heard] == [(REQUEST, 0), (ABORT, 0), (REQUEST, 1)]
        await live.ended()
        server.close()
        peer.end.close()

    played(act)


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (encode(Message(REPLY, 7, b'"x"')), "request 7, which there is not"),
        (encode(Message(REPLY, 0, b"{")), "a text that is no value"),
        (encode(Message(9, 0)), "a message of kind 9"),
        (encode(Message(REQUEST, 0, b'"x"')), "a message of kind 1"),
        (encode(Message(FINISHED, 0, b'"x"')), "a text at the end of a request"),
        (b"\x07\x00" + bytes(7), "a message of 7 bytes"),
        (b"\xff\xff", "a message of 65535 bytes"),
    ],
)
def test_a_server_that_breaks_the_rules_is_left_and_tried_again(octets: bytes, reason: str, tmp_path: Path) -> None:
    async def act() -> None:
        live, peer, server = await client_and_peer(tmp_path)

        peer.end.sendall(octets)

        await live.until(lambda: bool(live.failures))
        assert reason in live.failures[0]
        live.pass_time(5000)
        await live.until(lambda: live.output.count("connected") == 2)
        await live.ended()
        server.close()
        peer.end.close()
        assert live.left_open() == []

    played(act)


def test_a_request_that_the_server_gives_up_fails(tmp_path: Path) -> None:
    async def act() -> None:
        live, peer, server = await client_and_peer(tmp_path)

        peer.send(Message(REPLY, 0, b'"first"'), Message(ERROR, 0))

        await live.until(lambda: bool(live.failures))
        assert live.failures == [
            "requester.1 request: cannot have an answer: the server ended the request without finishing it"
        ]
        await live.ended()
        server.close()
        peer.end.close()

    played(act)


def test_replies_come_in_order_and_the_end_after_them(tmp_path: Path) -> None:
    async def act() -> None:
        live, peer, server = await client_and_peer(tmp_path)

        peer.send(*(Message(REPLY, 0, b'"%d"' % n) for n in range(5)), Message(FINISHED, 0))

        await live.until_printed("finished")
        assert live.output.splitlines()[2:] == [f"reply {n}" for n in range(5)] + ["finished"]
        await live.ended()
        server.close()
        peer.end.close()
        assert live.left_open() == []

    played(act)


def test_a_client_that_is_gone_takes_its_handlers_along_and_no_others(tmp_path: Path) -> None:
    async def act() -> None:
        handler = 'template handler { rprintln("gone ", _request.data); println("came ", _request.data); }'
        live = Live(SERVER + handler, tmp_path)
        staying, leaving = connected(tmp_path), connected(tmp_path)
        staying.send(Message(REQUEST, 1, b'"a"'))
        leaving.send(Message(REQUEST, 1, b'"b"'), Message(REQUEST, 2, b'"c"'))
        await live.until(lambda: live.output.count("came") == 3)

        leaving.end.shutdown(socket.SHUT_WR)

        await live.until(lambda: live.output.count("gone") == 2)
        assert "gone a" not in live.output
        staying.end.close()
        leaving.end.close()
        await live.ended()
        assert live.left_open() == []

    played(act)


def test_messages_before_a_broken_one_are_acted_on(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(SERVER + "template handler { println(_request.data); }", tmp_path)
        peer = connected(tmp_path)

        peer.end.sendall(encode(Message(REQUEST, 1, b'"good"')) + b"\x00\x00")

        await live.until(lambda: bool(peer.look()) or peer.ended)
        assert (live.output, peer.heard, peer.ended) == ("listening\ngood\n", [], True)
        peer.end.close()
        await live.ended()

    played(act)


def test_a_client_that_never_reads_is_given_up_and_not_remembered_for_ever(tmp_path: Path) -> None:
    async def act() -> None:
        handler = """template handler {
            value("0123456789abcdef") big;
            Foreach ({"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"} As n) { big->append(big); };
            backtrack_point() again;
            _request->reply(big);
            again->go();
        }"""
        live = Live(SERVER + handler + 'process other { sleep("10"); println("others go on"); }', tmp_path)
        peer = connected(tmp_path)
        peer.send(Message(REQUEST, 1, b'"flood me"'))

        await live.until(lambda: any("does not read" in line for line in live.log))

        live.pass_time(10)
        assert "others go on" in live.output
        peer.end.close()
        await live.ended()
        assert live.left_open() == []

    played(act)


def test_nothing_is_left_of_a_thousand_requests(tmp_path: Path) -> None:
    async def act() -> None:
        live = Live(SERVER + "template handler { _request->reply(_request.data); _request->finish(); }", tmp_path)
        peer = connected(tmp_path)
        peer.send(Message(ABORT, 0))
        await live.until(lambda: len(open_descriptors()) == len(live.descriptors) + 3)  # listening, and two ends
        before = len(open_descriptors())

        for start in range(0, 1000, 50):
            peer.send(*(Message(REQUEST, number, b'"%d"' % number) for number in range(start, start + 50)))
            await live.until(lambda start=start: len(peer.look()) == 2 * start + 100)  # type: ignore[misc]

        replies = [(m.request, m.text) for m in peer.heard if m.kind == REPLY]
        assert sorted(replies) == [(n, b'"%d"' % n) for n in range(1000)]
        assert len(open_descriptors()) == before
        assert live.engine.alive == 1
        assert len(asyncio.all_tasks()) == 1
        peer.end.close()
        await live.ended()

    played(act)


def test_a_server_lives_on_whatever_it_is_sent(tmp_path: Path) -> None:
    chance = random.Random(7)
    good = encode(Message(REQUEST, 1, b'{"a", ["k":"v"]}'))

    def nonsense() -> bytes:
        octets = bytearray(good * 3)
        for _ in range(chance.randrange(1, 6)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        return bytes(octets[: chance.randrange(len(octets))])

    async def act() -> None:
        live = Live(SERVER + "template handler { _request->reply(_request.data); _request->finish(); }", tmp_path)
        for _ in range(300):
            peer = connected(tmp_path)
            peer.end.sendall(nonsense())
            peer.end.shutdown(socket.SHUT_WR)
            await live.until(lambda peer=peer: peer.look() is not None and peer.ended)  # type: ignore[misc]
            peer.end.close()

        peer = connected(tmp_path)
        peer.end.sendall(good)
        await live.until(lambda: len(peer.look()) == 2)

        assert peer.heard == [Message(REPLY, 1, b'{"a", ["k":"v"]}'), Message(FINISHED, 1)]
        assert live.failures == []
        peer.end.close()
        await live.ended()
        assert live.left_open() == []

    played(act)
