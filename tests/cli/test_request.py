"""`netstrata request` against a server of requests that a program runs, and against others."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstrata.cli.request import read_address
from netstrata.contract.shapes.streams import StreamAddress
from netstrata.protocols.requests import ERROR, FINISHED, REPLY, Message, encode
from netstrata.values import Refused
from tests.cli.programs import netstrata

SERVER = """
process main {
    sys.request_server({"unix", "FOLDER/s"}, "handler", {}) server;
    println("listening");
}
template handler {
    _request->reply(_request.data);
    _request->reply({"second", ["k": "v"]});
    val_different(_request.data, "never") goes_on;
    If (goes_on) { _request->finish(); };
}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    program = tmp_path / "server.ncd"
    program.write_text(SERVER.replace("FOLDER", str(tmp_path)))
    daemon = subprocess.Popen(
        [sys.executable, "-m", "netstrata", "run", "--quiet", str(program)], stdout=subprocess.PIPE, text=True
    )
    assert daemon.stdout is not None
    assert daemon.stdout.readline() == "listening\n"
    yield f"unix:{tmp_path}/s"
    daemon.terminate()
    daemon.communicate(timeout=60)


def test_each_reply_is_a_line_and_the_end_is_success(server: str) -> None:
    assert netstrata("request", server, r'{"a\x00b", "c"}') == (
        0,
        '{"a\\x00b", "c"}\n{"second", ["k":"v"]}\n',
        "",
    )


@pytest.mark.parametrize(
    ("octets", "output", "problem"),
    [
        (encode(Message(ERROR, 0)), "", "the server ended the request without finishing it"),
        (encode(Message(REPLY, 0, b'"one"')), '"one"\n', "the server has closed the connection"),
        (encode(Message(REPLY, 3, b'"x"')), "", "a message that makes no sense"),
        (encode(Message(REPLY, 0, b"{")), "", "a message that makes no sense"),
        (b"\xff\xff", "", "a message of 65535 bytes"),
        (encode(Message(FINISHED, 0))[:5], "", "the server has closed the connection"),
    ],
)
def test_a_server_that_does_not_finish_is_a_failure(octets: bytes, output: str, problem: str) -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        end, _ = listening.accept()
        end.recv(1000)
        end.sendall(octets)
        end.close()

    answering = threading.Thread(target=answer)
    answering.start()

    code, said, error = netstrata("request", f"tcp:127.0.0.1:{listening.getsockname()[1]}", '"hello"')

    answering.join()
    listening.close()
    assert (code, said) == (1, output)
    assert error.startswith("error: cannot ask 127.0.0.1:")
    assert problem in error


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("unix:", '"x"'), "unix: is no address of a server"),
        (("tcp:192.0.2.1", '"x"'), "tcp:192.0.2.1 is no address of a server"),
        (("tcp:2001:db8::1:80", '"x"'), "is no address of a server"),
        (("tcp:192.0.2.1:65536", '"x"'), "is no address of a server"),
        (("unix:/nobody", "x"), "x is no value"),
        (("unix:/nobody", '"' + "x" * 32768 + '"'), "the value has 32770 bytes of text"),
        (("unix:/nobody/is/here", '"x"'), "cannot ask /nobody/is/here: No such file or directory"),
    ],
)
def test_what_cannot_be_asked_is_named(words: tuple[str, str], problem: str) -> None:
    code, said, error = netstrata("request", *words)

    assert (code, said) == (1, "")
    assert problem in error
    assert "Traceback" not in error


def test_addresses_are_read_as_ncd_does() -> None:
    assert read_address("unix:/run/x:y") == StreamAddress("unix", path=b"/run/x:y")
    assert read_address("tcp:[2001:db8::1]:80") == StreamAddress("tcp", bytes.fromhex("20010db8" + "0" * 23 + "1"), 80)
    with pytest.raises(Refused):
        read_address("tcp:[192.0.2.1]:80")
