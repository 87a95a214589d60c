"""What goes down and up again leaves no objects in circles: the daemon's memory is not waiting for the collector.

A daemon collects when 20,000 objects have come together: whole megabytes, if each cycle of an uplink leaves some.
What is compiled as `acyclic` is never collected at all.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.dhcpv6.servers import Offer, World, kea
from tests.kernel.filters.programs import SOURCES
from tests.kernel.statements.rows import ROWS, Row
from tests.kernel.statements.test_every_statement import SLOW_S, prepared

from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
MORE = [
    Row(name, program, (), "", "", above=above)
    for name, above, program in (
        ("what waits", "", 'net.backend.waitdevice("va"); net.up("va"); net.backend.waitlink("va");'),
        ("what waits in vain", "", 'net.backend.waitdevice("lo"); var("x") x; spawn("waiter", {});'),
        ("what fails", "", 'try("failing", {});'),
        ("what is repeated", "", 'foreach({"a", "b"}, "one", {"c"}); Foreach ({"a"} As x) { println(x); };'),
        ("children", "", 'daemon({"/bin/sleep", "1000"}); run({"/bin/true"}, {"/bin/true"});'),
        (
            "pipes", "",
            'sys.start_process({"/bin/cat"}, "rw") cat; cat->write_pipe() in; in->write("x"); cat->read_pipe() out;'
            "out->read() x;",
        ),
        ("a directory", "", 'sys.watch_directory("FOLDER") change;'),
        (
            "sockets", "",
            'sys.listen({"unix", "FOLDER/s"}, "echo", {}); sys.connect({"unix", "FOLDER/s"}) s; s->write("x");'
            "s->read() x;",
        ),
        ("a server", 'sys.request_server({"unix", "FOLDER/r"}, "answer", {});', "REQUEST"),
        ("requests", "", 'sys.request_server({"unix", "FOLDER/r"}, "answer", {}); REQUEST'),
        ("files", "", 'file.mkdir("FOLDER/d"); file.write("FOLDER/d/f", "x"); file.link("FOLDER/d/l", "f");'),
        ("name servers", "", 'net.dns({"192.0.2.53", "2001:db8::53"}, "20");'),
        ("name servers of a link", "", 'net.dns({"192.0.2.53"}, "20", ["link": "lo"]);'),
        ("regular expressions", "", 'regex_match("abc", "a(.)c"); regex_replace("abc", {"b"}, {"x"});'),
    )
]  # fmt: skip
REQUEST = 'sys.request_client({"unix", "FOLDER/r"}) c; c->request("x", "reply", "done", {});'
TEMPLATES = """
template waiter { net.backend.waitdevice("none"); }
template failing { spawn("refused", {}); }
template refused { net.mtu("none", "1400"); }
template one { value(_elem) x; println(x, _arg0); }
template echo { _socket->read() x; _socket->write(x); }
template answer { _request->reply("y"); _request->finish(); }
template reply { println(_reply.data); }
template done { println("up"); }
"""


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS + MORE if not row.needs])
def test_what_goes_down_and_up_leaves_nothing_to_the_garbage_collector(lab: Lab, tmp_path: Path, row: Row) -> None:
    host = prepared(lab, row)
    body = row.program.replace("REQUEST", REQUEST) if "REQUEST" in row.program else f'{row.program} println("up");'

    assert left_by(host, tmp_path, f"{row.above} backtrack_point() top; {body}") == (0, "{}\n")


def test_a_lease_that_is_given_back_leaves_nothing_to_the_garbage_collector(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    other.up("vb", "10.7.0.254/24")
    other.dhcp_server("vb", ("10.7.0.50", "10.7.0.60"))
    wait = 'net.up("va"); net.backend.waitlink("va");'

    left = left_by(host, tmp_path, f'{wait} backtrack_point() top; net.ipv4.dhcp("va"); println("up");')

    assert left == (0, "{}\n")


def test_a_dhcpv6_lease_and_a_network_of_its_prefix_leave_nothing_either(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    kea(world.router, tmp_path, Offer())
    wait = 'net.up("eth0"); net.backend.waitlink("eth0"); backtrack_point() top;'
    lease = 'net.ipv6.dhcp("eth0", ["prefix": "on"]) lease; net.ipv6.prefix(lease.prefixes, "eth0"); println("up");'

    assert left_by(world.host, tmp_path, f"{wait} {lease}") == (0, "{}\n")


@pytest.mark.parametrize("asks", [
    'net.probe("va", {"192.0.2.1"});',
    'net.probe("va", {"192.0.2.1"}, ["by": "neighbour"]);',
    'net.probe("va", {"192.0.2.1"}, ["by": "dns", "name": "www.example.org"]);',
    'net.probe("va", {"http://www.example.org/"}, ["servers": {"192.0.2.1"}, "status": "200"]);',
    'net.portal("va", {"http://www.example.org/"}, ["servers": {"192.0.2.1"}, "status": "200"]);',
])  # fmt: skip
def test_what_is_asked_over_a_link_leaves_nothing_to_the_garbage_collector(lab: Lab, tmp_path: Path, asks: str) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    other.up("vb", "192.0.2.1/24")
    other.dhcp_server("vb", ("192.0.2.50", "192.0.2.60"), names={"www.example.org": "192.0.2.1"})
    page = other.page("192.0.2.1", "online")
    above = 'net.up("va"); net.ipv4.addr("va", "192.0.2.2/24"); net.gateway("va", "192.0.2.1");'

    left = left_by(host, tmp_path, f'{above} backtrack_point() top; {asks} println("up");')

    page.close()
    assert left == (0, "{}\n")


def left_by(host: Host, folder: Path, statements: str) -> tuple[int, str]:
    """Have statements go down and up again on a host, from `top` on; return the status and what the player printed."""
    program = folder / "program.ncd"
    program.write_text(f'process main {{ {statements} sleep("1"); top->go(); }}{TEMPLATES}')
    player = host.start(
        [sys.executable, "-m", "tests.kernel.cycled", str(program), str(folder)],
        {"PYTHONPATH": f"{SOURCES}:{SOURCES.parent}", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    return player.status(SLOW_S), player.output()
