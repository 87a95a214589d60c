"""Each way of asking over a link, against real servers, and against some that are made to be a nuisance.

Seen with Linux 6.18, dnsmasq 2.90, OpenSSL 3.0, nftables 1.0.6, iproute2 6.1.0.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.programs import netstrata

from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import ways_between

pytestmark = pytest.mark.kernel
PROGRAM = """process p {{
    net.up("eth0");
    net.ipv4.addr("eth0", "192.0.2.2/24");
    net.gateway("eth0", "192.0.2.1");
    net.probe("eth0", {0});
    println("through");
    rprintln("not through");
}}
"""
SERVER = """
import socket, ssl, sys, threading, time
how, port = sys.argv[1], int(sys.argv[2])
context = None
if len(sys.argv) > 3:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
listener = socket.socket(socket.AF_INET6 if ":" in sys.argv[-1] else socket.AF_INET)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("", port))
listener.listen(50)
print("ready", flush=True)

def answer(connection):
    if how == "hang":
        time.sleep(1000)
    if how == "noise":
        connection.sendall(b"220 mail.example.org ESMTP\\r\\n")
        time.sleep(1000)
    if context is not None:
        connection = context.wrap_socket(connection, server_side=True)
    asked = b""
    while b"\\r\\n\\r\\n" not in asked:
        more = connection.recv(4096)
        if not more:
            return
        asked += more
    print("asked", asked.split(b"\\r\\n")[0].decode(), flush=True)
    if how == "silent":
        time.sleep(1000)
    elif how == "drip":
        for octet in b"HTTP/1.1 200 OK\\r\\n" + b"X: y\\r\\n" * 1000:
            connection.send(bytes([octet]))
            time.sleep(0.5)
    elif how == "headers":
        connection.send(b"HTTP/1.1 200 OK\\r\\n")
        while True:
            connection.send(b"X: y\\r\\n" * 1000)
    elif how == "body":
        connection.send(b"HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
        while True:
            connection.send(b"1\\r\\n\\r\\n")
    elif how == "redirect":
        connection.sendall(b"HTTP/1.1 302 Found\\r\\nLocation: http://203.0.113.7/again?secret\\r\\n\\r\\n")
    elif how == "garbage":
        connection.sendall(bytes(range(256)) * 10 + b"\\r\\n\\r\\n")
    elif how == "close":
        pass
    elif how == "page":
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nonline...")
    else:
        connection.sendall(b"HTTP/1.1 %s x\\r\\n\\r\\n" % how.encode())
    connection.close()

def safely(connection):
    try:
        answer(connection)
    except OSError as error:
        print(type(error).__name__, flush=True)

while True:
    threading.Thread(target=safely, args=(listener.accept()[0],), daemon=True).start()
"""


def certificate(folder: Path, name: str) -> Path:
    """Make the certificate of a host, which is its own authority; return a file of it and its key."""
    path = folder / f"{name}.pem"
    words = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1")
    more = (
        "-subj",
        f"/CN={name}",
        "-addext",
        f"subjectAltName=DNS:{name}",
        "-keyout",
        str(path),
        "-out",
        f"{path}.crt",
    )
    subprocess.run([*words, *more], check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


class Internet:
    """A laptop with one uplink, and a server behind it that has whatever a test starts there."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.laptop, self.server = lab.host("laptop"), lab.host("server")
        (self.way,) = ways_between(lab, self.laptop, self.server, {"eth0": "192.0.2"})
        self.server.up("lo", "203.0.113.7/32", "203.0.113.53/32")
        self.folder = folder
        self.children: list[Child] = []
        self.control = str(folder / "control")
        lab.remember(self.laptop)

    def serve(self, how: str, port: int = 80, *certificate: str) -> Child:
        """Have a web server that behaves in some way."""
        return self.start((sys.executable, "-c", SERVER, how, str(port), *certificate), "ready")

    def start(self, words: tuple[str, ...], ready: str) -> Child:
        """Start something in the internet."""
        self.children.append(self.server.start(words))
        self.children[-1].wait_output(ready)
        return self.children[-1]

    def names(self, *words: str) -> Child:
        """Have a name server."""
        common = ("-k", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--pid-file=", "--user=root")
        return self.start(("dnsmasq", *common, "--log-queries", "--log-facility=-", *words), "started")

    def probe(self, arguments: str, environment: dict[str, str] | None = None) -> Child:
        """Start a daemon that probes."""
        path = self.folder / "program.ncd"
        path.write_text(PROGRAM.format(arguments))
        words = ("run", "--quiet", "--control", self.control, "--state", str(self.folder), str(path))
        return self.laptop.start((sys.executable, "-m", "netstrata", *words), environment)

    def why(self) -> str:
        """Ask why, as a user does; a daemon that does not answer yet says nothing."""
        return netstrata("why", "p", "--control", self.control)[1]


def printed(daemon: Child) -> list[str]:
    """Return what the program has printed."""
    return [line for line in daemon.output().splitlines() if line.endswith("through")]


@pytest.fixture
def internet(lab: Lab, tmp_path: Path) -> Iterator[Internet]:
    internet = Internet(lab, tmp_path)
    yield internet
    for child in internet.children:
        child.end()


FAST = '"fast": "on"'


ROOT = """
import socket, sys
code = int(sys.argv[2])
family, kind, _, _, address = socket.getaddrinfo(sys.argv[1], 53, type=socket.SOCK_DGRAM)[0]
server = socket.socket(family, kind)
server.bind(address)
print("ready", flush=True)
while True:
    asked, client = server.recvfrom(4096)
    server.sendto(asked[:2] + bytes([0x81, 0x80 | code]) + asked[4:6] + bytes(6) + asked[12:17], client)
"""


@pytest.mark.parametrize("arguments", [
    '{"192.0.2.1"}, ["by": "neighbour"',
    '{"203.0.113.53"}, ["by": "dns"',
    '{"203.0.113.53"}, ["by": "dns", "name": "nobody.example.org"',
    '{"http://203.0.113.7/generate_204"}, ["status": "204"',
    '{"http://www.example.org/"}, ["servers": {"203.0.113.53"}',
])  # fmt: skip
def test_each_way_is_up_while_it_is_answered(internet: Internet, arguments: str) -> None:
    internet.start((sys.executable, "-c", ROOT, "127.0.0.1", "0"), "ready")
    internet.names(
        "--listen-address=203.0.113.53", "--bind-interfaces", "--server=127.0.0.1", "--local=/example.org/",
        "--address=/www.example.org/203.0.113.7",
    )  # fmt: skip
    internet.serve("204")
    daemon = internet.probe(f"{arguments}, {FAST}]")
    wait_until("it is up", lambda: printed(daemon) == ["through"])

    internet.way.cable.pull()

    wait_until("it is down", lambda: printed(daemon) == ["through", "not through"])
    internet.way.cable.plug()
    wait_until("it is up again", lambda: printed(daemon) == ["through", "not through", "through"])
    daemon.end()


def test_an_ipv6_router_is_asked_by_neighbour_solicitation(internet: Internet) -> None:
    internet.way.router.up("lan", "fe80::1/64", "2001:db8::1/64")
    path = internet.folder / "program.ncd"
    path.write_text("""
        process six {
            net.up("eth0"); net.backend.waitlink("eth0");
            net.probe("eth0", {"fe80::1"}, ["by": "neighbour"]);
            println("through"); rprintln("not through");
        }""")
    words = ("run", "--quiet", "--control", internet.control, "--state", str(internet.folder), str(path))
    daemon = internet.laptop.start((sys.executable, "-m", "netstrata", *words))
    wait_until("it is up", lambda: printed(daemon) == ["through"])

    internet.way.router.ip("addr del fe80::1/64 dev lan")

    wait_until("it is down", lambda: printed(daemon) == ["through", "not through"])
    assert "no neighbour advertisement from fe80::1" in daemon.output()
    daemon.end()


def test_a_name_server_that_is_link_local_is_asked_as_router_advertisements_name_it(internet: Internet) -> None:
    router = internet.way.router
    router.up("lan", "fe80::1/64")
    internet.children.append(router.start((sys.executable, "-c", ROOT, "fe80::1%lan", "0")))
    internet.children[-1].wait_output("ready")

    daemon = internet.probe('{"fe80::1%eth0"}, ["by": "dns"]')

    wait_until("it is up", lambda: printed(daemon) == ["through"])
    daemon.end()


@pytest.mark.parametrize(("code", "said"), [(2, "SERVFAIL"), (5, "REFUSED")])
def test_a_name_server_that_gets_no_further_itself_is_no_answer(internet: Internet, code: int, said: str) -> None:
    internet.start((sys.executable, "-c", ROOT, "203.0.113.53", str(code)), "ready")

    daemon = internet.probe('{"203.0.113.53"}, ["by": "dns"]')

    wait_until("it is said", lambda: f"name server 203.0.113.53 answers {said}" in internet.why())
    assert printed(daemon) == []
    daemon.end()


def test_a_forwarder_whose_line_is_dead_is_no_answer_and_one_that_is_not_there_is_named(internet: Internet) -> None:
    """dnsmasq without a server upstream answers REFUSED; a port where nobody listens answers by ICMP."""
    server = internet.names("--listen-address=203.0.113.53", "--bind-interfaces")
    daemon = internet.probe('{"203.0.113.53"}, ["by": "dns"]')
    wait_until("it is said", lambda: "name server 203.0.113.53 answers REFUSED" in internet.why())

    server.end()

    wait_until("it is said", lambda: "name server 203.0.113.53: Connection refused" in internet.why())
    daemon.end()


@pytest.mark.parametrize(("how", "came"), [
    ("hang", "no answer from http://203.0.113.7/x"),
    ("silent", "no answer from http://203.0.113.7/x"),
    ("drip", "no answer from http://203.0.113.7/x"),
    ("headers", "http://203.0.113.7/x sends more than 16384 bytes before the page"),
    ("garbage", "http://203.0.113.7/x sends no HTTP"),
    ("close", "http://203.0.113.7/x closes the connection without an answer"),
    ("redirect", "http://203.0.113.7/x answers 302 to http://203.0.113.7/again"),
    ("page", "http://203.0.113.7/x answers 200, another page"),
    ("503", "http://203.0.113.7/x answers 503"),
    ("", "http://203.0.113.7/x: Connection refused"),
])  # fmt: skip
def test_a_page_that_is_not_as_expected_is_no_answer_and_why_says_what_came(
    internet: Internet, how: str, came: str
) -> None:
    server = internet.serve(how) if how else None

    daemon = internet.probe('{"http://203.0.113.7/x"}, ["fast": "on"]')

    wait_until("it is said", lambda: "nothing gets through over eth0: " in internet.why())
    wait_until("why", lambda: f"nothing gets through over eth0: {came} (since " in internet.why(), 15)
    assert "secret" not in internet.why()
    assert printed(daemon) == []
    if server is not None and how not in ("hang", ""):
        assert "asked GET /x HTTP/1.1" in server.output()
        assert "again" not in server.output()
    daemon.end()


@pytest.mark.parametrize(("how", "expected"), [
    ("page", '"body": "online"'), ("body", '"status": "200"'), ("302", '"status": "302"'),
])  # fmt: skip
def test_what_is_expected_of_a_page_can_be_said(internet: Internet, how: str, expected: str) -> None:
    internet.serve(how)
    daemon = internet.probe(f'{{"http://203.0.113.7/x"}}, [{expected}]')
    wait_until("it is up", lambda: printed(daemon) == ["through"])
    daemon.end()


def test_a_page_over_tls_counts_if_its_certificate_is_right(internet: Internet) -> None:
    """Whom the machine trusts is what OpenSSL reads, here by SSL_CERT_FILE; the name is that of the URL."""
    right = certificate(internet.folder, "www.example.org")
    internet.names("--listen-address=203.0.113.53", "--bind-interfaces", "--address=/org/203.0.113.7")
    internet.serve("204", 443, str(right))
    trust = {"SSL_CERT_FILE": f"{right}.crt"}
    arguments = '{{"https://{0}/x"}}, ["servers": {{"203.0.113.53"}}, "fast": "on"]'

    for name, environment, came in (
        ("www.example.org", trust, ""),
        ("www.example.org", None, "its certificate is wrong: self-signed certificate"),
        ("other.example.org", trust, "its certificate is wrong: Hostname mismatch, certificate is not valid for"),
    ):
        daemon = internet.probe(arguments.format(name), environment)
        if came:
            said = f"nothing gets through over eth0: https://{name}/x: {came}"
            wait_until("it is said", lambda said=said: said in internet.why())  # type: ignore[misc]
        else:
            wait_until("it is up", lambda daemon=daemon: printed(daemon) == ["through"])  # type: ignore[misc]
        assert daemon.end() == 0


@pytest.mark.parametrize("how", ["hang", "noise"])
def test_what_is_no_tls_or_hangs_before_it_is_no_answer(internet: Internet, how: str) -> None:
    internet.serve(how, 443)
    daemon = internet.probe('{"https://203.0.113.7/x"}, ["fast": "on"]')
    came = {"hang": "no answer from https://203.0.113.7/x", "noise": "https://203.0.113.7/x: TLS failed: "}[how]

    wait_until("it is said", lambda: came in internet.why(), 30)

    assert daemon.end() == 0


def test_a_name_is_asked_of_the_servers_that_are_given_and_of_nobody_else(internet: Internet) -> None:
    """One is silent, one refuses, one knows; /etc/resolv.conf names one that would say otherwise."""
    internet.server.up("lo", "203.0.113.54/32", "203.0.113.55/32")
    internet.names("--listen-address=203.0.113.53", "--bind-interfaces")
    knows = internet.names("--listen-address=203.0.113.54", "--bind-interfaces", "--address=/example.org/203.0.113.7")
    other = internet.names("--listen-address=203.0.113.55", "--bind-interfaces", "--address=/example.org/203.0.113.1")
    internet.laptop.write("/etc/resolv.conf", "nameserver 203.0.113.55\n")
    internet.serve("204")
    servers = '"servers": {"203.0.113.99", "203.0.113.53", "203.0.113.54"}'

    daemon = internet.probe(f'{{"http://www.example.org/x"}}, [{servers}]')

    wait_until("it is up", lambda: printed(daemon) == ["through"])
    assert "query[A] www.example.org" in knows.output()
    assert "query" not in other.output()
    daemon.end()
    daemon = internet.probe(f'{{"http://www.example.net/x"}}, [{servers}, "fast": "on"]')
    came = "name server 203.0.113.53 answers REFUSED for www.example.net"
    wait_until("it is said", lambda: came in internet.why())
    daemon.end()
    internet.laptop.write("/etc/resolv.conf", "")
