"""A captive portal, made of a packet filter that turns all web traffic to it, a DHCP server that names it, and its API.

Seen with Linux 6.18, nftables 1.0.6, dnsmasq 2.90, OpenSSL 3.0.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.test_probe_ways import SERVER, certificate

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import ways_between

pytestmark = pytest.mark.kernel
PROGRAM = """process {0} {{
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.ipv4.dhcp("{0}") lease;
    net.ipv4.addr("{0}", lease.cidr_addr);
    net.gateway("{0}", lease.routes, ["preference": "{1}"]);
    net.portal("{0}", {{"http://www.example.org/generate_204"}},
        ["servers": lease.dns_servers, "api": lease.captive_portal]) portal;
    println("{0} captive ", portal.captive, " ", portal.url);
    not(portal.captive) free;
    if(free);
    println("{0} free");
    rprintln("{0} not free");
}}
"""
CHECKED = """process eth0 {{
    net.up("eth0");
    net.ipv4.addr("eth0", "192.0.2.2/24");
    net.gateway("eth0", "192.0.2.1");
    net.portal("eth0", {{"http://203.0.113.7/generate_204"}}, {0}) portal;
    println("eth0 captive ", portal.captive, " ", portal.url, " ", portal.venue, " ", portal.seconds_remaining);
}}
"""
PORTAL = """
import http.server, socket, ssl, sys, threading
folder, certificate = sys.argv[1:]

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        is_captive = open(folder + "/captive").read() == "yes"
        print("asked", self.headers["Host"], self.path, self.headers["Accept"], flush=True)
        if self.path == "/api":
            said = b'{"captive": %s, "user-portal-url": "https://portal.example.org/log-in", MORE}'
            self.send_response(200)
            self.send_header("Content-Type", "application/captive+json")
            self.end_headers()
            self.wfile.write(said % (b"true" if is_captive else b"false"))
        elif is_captive:
            self.send_response(302)
            self.send_header("Location", "/log-in")
            self.end_headers()
        else:
            self.send_response(204)
            self.end_headers()

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6  # and IPv4

plain = Server(("", 80), Answer)
threading.Thread(target=plain.serve_forever, daemon=True).start()
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
secure = Server(("", 443), Answer)
secure.socket = context.wrap_socket(secure.socket, server_side=True)
print("ready", flush=True)
secure.serve_forever()
"""
LOG_IN, VENUE = "https://portal.example.org/log-in", "https://venue.example.org/"
PORTAL = PORTAL.replace("MORE", f'"venue-info-url": "{VENUE}", "seconds-remaining": 326')
TURNED = (
    "add table inet p; add chain inet p c { type nat hook prerouting priority dstnat; }; "
    "add rule inet p c tcp dport 80 redirect"
)


class Hotel:
    """A laptop with two uplinks, of which the better one is behind a captive portal, and a web server beyond."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.laptop, self.server = lab.host("laptop"), lab.host("server")
        self.folder = folder
        self.children: list[Child] = []
        ways = ways_between(lab, self.laptop, self.server, {"eth0": "192.0.2", "eth1": "198.51.100"})
        self.portal, self.free = (way.router for way in ways)
        self.server.up("lo", "203.0.113.7/32")
        self.certificate = certificate(folder, "portal.example.org")
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        (self.elsewhere / "captive").write_text("no")
        lab.remember(self.laptop)
        self.serve(self.server, self.elsewhere)

    def serve(self, host: Host, folder: Path) -> Child:
        """Have a web server, which is captive as a file says."""
        self.children.append(host.start((sys.executable, "-c", PORTAL, str(folder), str(self.certificate))))
        self.children[-1].wait_output("ready")
        return self.children[-1]

    def lease(self, router: Host, network: str, *options: str) -> None:
        """Have a DHCP server, which is the name server, too."""
        names = {"www.example.org": "203.0.113.7", "portal.example.org": f"{network}.1"}
        addresses = (f"{network}.50", f"{network}.60")
        server = router.dhcp_server("lan", addresses, f"{network}.1", f"{network}.1", options=options, names=names)
        self.children.append(server)

    def captive(self, is_captive: bool) -> None:
        """Have the portal in the way, or not."""
        (self.folder / "captive").write_text("yes" if is_captive else "no")
        self.portal.run("nft", TURNED if is_captive else "delete table inet p")

    def run(self, text: str) -> Child:
        """Start a daemon."""
        path = self.folder / "program.ncd"
        path.write_text(text)
        words = ("run", "--quiet", "--control", "none", "--state", str(self.folder), str(path))
        trust = {"SSL_CERT_FILE": f"{self.certificate}.crt"}
        return self.laptop.start((sys.executable, "-m", "netstrata", *words), trust)

    def way(self) -> str:
        """Return over which link the default route leads."""
        return self.laptop.run("sh", "-c", "ip route get 203.0.113.7 2>&1 || true").partition(" dev ")[2][:4]


@pytest.fixture
def hotel(lab: Lab, tmp_path: Path) -> Iterator[Hotel]:
    hotel = Hotel(lab, tmp_path)
    yield hotel
    for child in hotel.children:
        child.end()


def printed(daemon: Child, link: str) -> list[str]:
    return [line for line in daemon.output().splitlines() if line.startswith(f"{link} ")]


@pytest.mark.parametrize("says", [True, False])
def test_another_uplink_is_used_until_somebody_has_logged_in(hotel: Hotel, says: bool) -> None:
    """The portal says so itself, over TLS, or the page that everybody can have is turned to it."""
    hotel.captive(True)
    server = hotel.serve(hotel.portal, hotel.folder)
    api = ("114,https://portal.example.org/api",) if says else ()
    hotel.lease(hotel.portal, "192.0.2", *api)
    hotel.lease(hotel.free, "198.51.100")
    daemon = hotel.run(PROGRAM.format("eth0", 1) + PROGRAM.format("eth1", 2))
    url = LOG_IN if says else "http://www.example.org/log-in"
    wait_until("it is known", lambda: printed(daemon, "eth0") == [f"eth0 captive true {url}"])
    wait_until("the free one", lambda: "eth1 free" in printed(daemon, "eth1") and hotel.way() == "eth1")
    assert printed(daemon, "eth1") == ["eth1 captive false ", "eth1 free"]
    assert f"a captive portal is in the way on eth0: {url}" in daemon.output()
    assert ("asked portal.example.org /api application/captive+json" in server.output()) is says

    hotel.captive(False)

    wait_until("it is free", lambda: "eth0 free" in printed(daemon, "eth0"))
    wait_until("it is used", lambda: hotel.way() == "eth0")
    hotel.captive(True)
    wait_until("it is captive again", lambda: printed(daemon, "eth0")[-1] == f"eth0 captive true {url}")
    assert "eth0 not free" in printed(daemon, "eth0")
    wait_until("the other one", lambda: hotel.way() == "eth1")
    assert daemon.end() == 0


@pytest.mark.parametrize(
    "how", ["hang", "silent", "drip", "headers", "body", "garbage", "close", "redirect", "200", ""]
)
def test_a_portal_that_says_nothing_of_itself_is_known_by_what_comes_instead_of_a_page(hotel: Hotel, how: str) -> None:
    """Whatever it does over TLS, on a port of its own."""
    hotel.captive(True)
    hotel.serve(hotel.portal, hotel.folder)
    if how:
        words = (sys.executable, "-c", SERVER, how, "8443", str(hotel.certificate))
        hotel.children.append(hotel.portal.start(words))
        hotel.children[-1].wait_output("ready")

    daemon = hotel.run(CHECKED.format('["api": "https://192.0.2.1:8443/api"]'))

    known = "eth0 captive true http://203.0.113.7/log-in  "
    wait_until("it is known", lambda: printed(daemon, "eth0") == [known], 30)
    daemon.end()


def test_what_a_portal_says_of_itself_is_read_and_where_nothing_answers_there_is_none(hotel: Hotel) -> None:
    """Its certificate is for a name; an address is another one, and then it is not believed."""
    hotel.portal.ip("route replace blackhole default")
    hotel.serve(hotel.portal, hotel.folder)
    (hotel.folder / "captive").write_text("yes")

    daemon = hotel.run(CHECKED.format('["api": "https://192.0.2.1/api"]'))

    wait_until("it is known", lambda: printed(daemon, "eth0") == ["eth0 captive false   "])
    wait_until("it is said", lambda: "https://192.0.2.1/api: its certificate is wrong: IP address" in daemon.output())
    daemon.end()
    daemon = hotel.run(CHECKED.format('["api": "http://192.0.2.1/api"]'))
    wait_until("it is", lambda: printed(daemon, "eth0") == [f"eth0 captive true {LOG_IN} {VENUE} 326"])
    assert daemon.end() == 0
