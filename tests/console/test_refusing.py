"""The console refuses who may not come in, and what is too much; the daemon does not notice."""

import http.client
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.console.running import SOURCES, Console, start_daemon, wait_until

from netstrata.cli.client import Connection
from netstrata.console.guard import LARGEST
from netstrata.console.refusal_log import MOST


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return where a daemon runs, which afterwards still answers as before."""
    folder = tmp_path_factory.mktemp("refusing")
    daemon = start_daemon(folder)
    yield folder
    processes = {p["process"]: p["state"] for p in Connection(str(folder / "control")).call("Status")["processes"]}
    assert processes == {"user": "waiting", "lan": "waiting", "ready": "complete"}
    daemon.end()


@pytest.fixture(scope="module")
def console(folder: Path) -> Iterator[Console]:
    """Return a console of that daemon, which afterwards still answers."""
    console = Console(folder)
    yield console
    assert console.ask("/api/status").status == 200
    assert "Traceback" not in console.started.said()
    assert console.end() == 0


def said_of(console: Console, path: str, body: bytes | None, why: str) -> None:
    """Ask until the refusal is told: of a flood of them, it need not be at once."""
    before = len(console.started.said())

    def told() -> bool:
        console.ask(path, body)
        return why in console.started.said()[before:]

    wait_until(why, told)


@pytest.mark.parametrize("path", ["/", "/console.css", "/api/status", "/api/events", "/nothing"])
def test_without_the_token_nothing_is_told(console: Console, path: str) -> None:
    answer = console.ask(path, Authorization="")

    assert (answer.status, answer.body) == (
        403,
        b"refused: no token; open the address that `netstrata console` has printed\n",
    )
    console.started.wait_said(f"refused GET {path} from 127.0.0.1:")


@pytest.mark.parametrize("token", ["x", "", "\xff" * 40])
def test_a_wrong_token_is_refused_wherever_it_stands(console: Console, token: str) -> None:
    assert console.ask("/api/status", Authorization=f"Bearer {token}x").status == 403
    assert console.ask("/api/status", Authorization="", Cookie=f"netstrata-{console.port}={token}x").status == 403
    assert console.ask("/?token=wrong", Authorization="").status == 403


def test_the_token_in_the_address_becomes_a_cookie_that_scripts_and_other_pages_do_not_get(console: Console) -> None:
    answer = console.ask(f"/?token={console.token}", Authorization="")

    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert sorted(a.lower() for a in attributes) == ["httponly", "path=/", "samesite=strict"]
    assert console.ask("/", Authorization="", Cookie=cookie).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "localhost.", "0.0.0.0"]
)
def test_a_name_that_is_none_of_this_machine_is_refused_even_with_the_token(console: Console, host: str) -> None:
    connection = console.connect()
    connection.sendall(
        f"GET /api/status HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {console.token}\r\n\r\n".encode()
    )

    assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")
    connection.close()


def test_names_of_this_machine_may_have_any_port_for_tunnels(console: Console) -> None:
    for host in ("127.0.0.1", "localhost:9000", "[::1]:1", "LOCALHOST"):
        assert console.ask("/api/status", Host=host).status == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "http://localhost", "null", ""])
def test_another_page_cannot_steer_with_the_cookie_of_a_browser(console: Console, origin: str) -> None:
    cookie = f"netstrata-{console.port}={console.token}"

    answer = console.ask("/api/restart", b'{"process":"ready"}', Authorization="", Cookie=cookie, Origin=origin)

    assert answer.status == 403
    assert b"not one of ours" in answer.body


def test_our_own_page_can_steer_and_so_can_a_program_with_the_token(console: Console) -> None:
    cookie, own = f"netstrata-{console.port}={console.token}", f"http://127.0.0.1:{console.port}"
    body = b'{"process":"ready","statement":3}'

    assert console.ask("/api/restart", body, Authorization="", Cookie=cookie, Origin=own).status == 200
    assert console.ask("/api/restart", body).status == 200


@pytest.mark.parametrize(
    "path",
    ["/../serving.py", "/%2e%2e/serving.py", "/..%2fserving.py", "//etc/passwd", "/__init__.py", "/index.html/..",
     "/console.css%00.png", "/page/../../../../etc/passwd", "/api/../index.html", "/\\..\\x"],
)  # fmt: skip
def test_only_the_pages_own_files_can_be_had(console: Console, path: str) -> None:
    assert console.ask(path).status == 404
    said_of(console, path, None, "there is nothing of that name")


def test_what_to_show_goes_to_the_daemon_as_a_name_and_to_no_file(console: Console) -> None:
    for name in ("../../etc/passwd", "/etc/passwd", "%00", "\u202e" * 100):
        answer = console.ask("/api/show?name=" + "".join(f"%{b:02x}" for b in name.encode()))
        assert answer.status in (404, 501)
        assert b"root:" not in answer.body


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "this is no JSON"),
        (b"{", "this is no JSON"),
        (b"[" * 10_000, ""),
        (b"[]", "Expected `object`"),
        (b"{}", "missing required field `process`"),
        (b'{"process":1}', "Expected `str`"),
        (b'{"process":"ready","statement":"1"}', "Expected `int`"),
        (b'{"process":"ready","all":true}', "unknown field"),
        (b'{"process":"ready","statement":-1}', "statement"),
        (b'{"process":"ready","statement":99999999999999999999}', ""),
        (b'{"process":"\xff"}', ""),
    ],
)
def test_bad_json_is_refused_with_what_is_wrong(console: Console, body: bytes, text: str) -> None:
    answer = console.ask("/api/restart", body)

    assert answer.status in (400, 404)
    assert text in answer.json["text"]
    if answer.status == 400:
        said_of(console, "/api/restart", body, "it makes no sense")


def test_unknown_processes_are_refused_in_words(console: Console) -> None:
    answer = console.ask("/api/restart", b'{"process":"redy"}')

    assert (answer.status, answer.json["text"]) == (404, "there is no process redy; did you mean ready?")


def test_methods_that_nobody_needs_are_refused(console: Console) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE"):
        connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=60)
        connection.request(method, "/", headers={"Authorization": f"Bearer {console.token}"})
        assert connection.getresponse().status == 405
        connection.close()


def test_every_answer_says_what_a_browser_may_do_with_it(console: Console) -> None:
    for path in ("/", "/api/status", "/nothing"):
        headers = console.ask(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'; script-src 'self';")
        assert "unsafe" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
        assert "server" not in headers


def closed(connection: socket.socket) -> bytes:
    """Return what comes until the other end closes."""
    found = b""
    try:
        while data := connection.recv(1 << 16):
            found += data
    except ConnectionResetError:
        pass
    connection.close()
    return found


def test_a_huge_body_is_refused_by_its_head_and_if_the_head_lies_when_it_gets_too_large(console: Console) -> None:
    head = f"POST /api/restart HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {console.token}\r\n"
    told = console.connect()
    told.sendall(f"{head}Content-Length: 10000000000\r\n\r\n".encode())
    assert closed(told).startswith(b"HTTP/1.1 413 ")

    untold = console.connect()
    untold.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
    size = LARGEST + 1
    untold.sendall(b"%x\r\n" % size + b"x" * size + b"\r\n")
    assert untold.recv(100).startswith(b"HTTP/1.1 413 ")
    untold.close()


def test_a_huge_head_and_what_is_no_http_are_refused(console: Console) -> None:
    for data in (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, b"\x16\x03\x01" * 100 + b"\r\n\r\n", b"GET /\r\n\r\n"):
        connection = console.connect()
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            continue
        assert closed(connection)[:13] in (b"HTTP/1.1 400 ", b"")


HALF_A_BODY = (
    b"POST /api/restart HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\nContent-Length: 9\r\n\r\n{"
)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: ", HALF_A_BODY], ids=["nothing", "head", "body"])
def test_a_request_that_does_not_come_whole_is_given_up(console: Console, sent: bytes) -> None:
    slow = console.connect()
    slow.sendall(sent.replace(b"TOKEN", console.token.encode()))

    assert closed(slow) == b""

    console.started.wait_said("it has not come within 5 s")


def test_a_connection_that_was_used_well_has_no_longer_time_for_the_next_request(console: Console) -> None:
    slow = console.connect()
    slow.sendall(
        f"GET /api/graph HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {console.token}\r\n\r\n".encode()
    )
    assert slow.recv(1 << 16).startswith(b"HTTP/1.1 200 ")

    slow.sendall(b"GET / HTTP/1.1\r\n")

    assert closed(slow).count(b"HTTP/1.1") == 0


def test_too_many_connections_are_refused_and_those_before_go_on(console: Console) -> None:
    kept = [console.connect() for _ in range(100)]

    more = [console.connect() for _ in range(20)]
    answers = [closed(connection) for connection in more]

    assert all(answer.startswith(b"HTTP/1.1 503 ") for answer in answers)
    console.started.wait_said("there are 100 already")
    kept[0].sendall(
        f"GET /api/graph HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {console.token}\r\n\r\n".encode()
    )
    assert kept[0].recv(100).startswith(b"HTTP/1.1 200 ")
    for connection in kept:
        connection.close()
    wait_until("room", lambda: console.ask("/api/graph").status == 200)


def test_a_flood_of_refusals_is_told_in_few_lines(console: Console) -> None:
    before = console.started.said().count("\n")
    began = int(time.monotonic())

    for _ in range(300):
        console.ask("/", Authorization="")

    seconds = int(time.monotonic()) - began + 1
    assert console.started.said().count("\n") - before <= seconds * (MOST + 1)


def test_read_only_means_that_nothing_is_steered(folder: Path) -> None:
    console = Console(folder, "--read-only", "--user", "root")

    answer = console.ask("/api/restart", b'{"process":"ready"}')

    assert (answer.status, answer.json["text"]) == (403, "this console was started with --read-only")
    console.end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up its rights")
def test_root_goes_on_as_somebody_who_may_only_read_even_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    shutil.copytree(SOURCES, private, ignore=shutil.ignore_patterns("__pycache__"))
    private.chmod(0o700)
    monkeypatch.setattr("tests.console.running.SOURCES", str(private))
    with tempfile.TemporaryDirectory() as name:
        daemon = start_daemon(Path(name))
        console = Console(Path(name), "--user", "nobody", "--read-only")
        status = Path(f"/proc/{console.started.child.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

        assert fields["Uid"].split() == ["65534"] * 4
        assert {fields[name].strip("0") for name in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {""}
        assert fields["Groups"].split() == []
        assert fields["NoNewPrivs"] == "1"
        assert console.ask("/api/status").status == 200
        assert console.ask("/console.css").status == 200
        assert console.ask("/api/restart", b'{"process":"ready"}').status == 403
        denied = console.ask("/api/source")
        assert (denied.status, denied.json["error"]) == (403, "PermissionDenied")
        console.end()
        daemon.end()
