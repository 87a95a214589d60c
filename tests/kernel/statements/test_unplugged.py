"""A link that somebody unplugs is no error of what stands on it: one line says that it is gone, and that is all."""

from pathlib import Path

import pytest
from tests.kernel.filters.programs import started
from tests.kernel.statements.rows import NEW_DEVICE, ROWS, Row
from tests.kernel.statements.test_every_statement import SLOW_S, act, prepared, twice

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
ON_A_LINK = [row for row in ROWS if '"va"' in row.above + row.program]
GONE = "net.backend.waitdevice: there is no link named va"
MANY = """
net.up("va"); net.backend.waitlink("va"); net.mac("va", "02:00:00:00:0a:01");
net.ipv4.addr("va", "192.0.2.1/24"); net.ipv6.addr("va", "2001:db8::1/64");
net.ipv4.route("198.51.100.0/24", "192.0.2.254", "5", "va"); net.ipv6.route("2001:db8:1::/48", "none", "5", "va");
net.neigh("va", "192.0.2.9", "02:00:00:00:00:09"); net.sysctl("net.ipv4.conf.va.rp_filter", "2");
println("complete"); rprintln("undone");"""
ABOVE = {
    "in its own process": f'process main {{ net.backend.waitdevice("va"); {MANY} }}',
    "above carrier": f"""process main {{ net.backend.waitdevice("va"); net.up("va"); net.backend.waitlink("va");
            call("t", {{}}); }}
        template t {{ {MANY} }}""",
    "in a template": f'process main {{ net.backend.waitdevice("va"); call("t", {{}}); }} template t {{ {MANY} }}',
    "in another process": f"""process main {{ net.backend.waitdevice("va"); provide("card"); }}
        process user {{ depend("card"); {MANY} }}""",
    "in a process that is stopped": f"""process main {{
            process_manager() links;
            net.watch_interfaces() change;
            If (@val_equal(change.event_type, "added")) {{ links->start(change.devname, "link", {{change.devname}}); }}
            else {{ links->stop(change.devname); }};
            change->nextevent();
        }}
        template link {{ if(@val_equal(_arg0, "va")); {MANY} }}
        process waiting {{ net.backend.waitdevice("va"); }}""",
    "beside what asks a DHCP server": f"""process main {{ net.backend.waitdevice("va"); {MANY} }}
        process other {{ net.backend.waitdevice("va"); net.up("va"); net.ipv4.dhcp("va"); }}""",
    "beside what asks a DHCPv6 server": f"""process main {{ net.backend.waitdevice("va"); {MANY} }}
        process other {{ net.backend.waitdevice("va"); net.up("va"); net.ipv6.dhcp("va"); }}""",
    "beside what asks who has an address": f"""process main {{ net.backend.waitdevice("va"); {MANY} }}
        process other {{ net.backend.waitdevice("va"); net.up("va"); net.ipv4.arp_probe("va", "192.0.2.77"); }}""",
    "beside what hears routers": f"""process main {{ net.backend.waitdevice("va"); {MANY} }}
        process other {{ net.backend.waitdevice("va"); net.up("va"); net.ipv6.ra("va"); }}""",
    "beside what advertises": f"""process main {{ net.backend.waitdevice("va"); {MANY} }}
        process other {{ net.backend.waitdevice("va"); net.up("va"); net.ipv6.advertise("va"); }}""",
}  # fmt: skip


def unplugged_and_plugged(host: Host, daemon: Child, name: str = "va") -> list[str]:
    """Unplug the card that a daemon uses, plug it in again, and return the lines that say something is wrong."""
    daemon.wait_output("complete\n", SLOW_S)
    act(host, f"link del {name}")
    daemon.wait_output(GONE, SLOW_S)
    wait_until("all undone", lambda: daemon.output().count("undone\n") == 1, SLOW_S)
    for line in NEW_DEVICE:
        act(host, line)
    wait_until("it again", lambda: twice(daemon), SLOW_S)
    said = daemon.output().splitlines()
    assert daemon.end(SLOW_S) == 0
    return [line for line in said if "error" in line or "help:" in line or "cannot" in line]


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name, marks=[pytest.mark.vm] if row.needs else []) for row in ON_A_LINK]
)
def test_no_statement_above_what_waits_for_a_link_says_a_word_when_that_goes(
    lab: Lab, tmp_path: Path, row: Row
) -> None:
    host = prepared(lab, row)
    text = f"""process main {{
        net.backend.waitdevice("va"); {row.above} {row.program} println("complete"); rprintln("undone");
    }}"""

    daemon = started(host, tmp_path / "x.ncd", text, "--quiet", "--control", "none")

    assert unplugged_and_plugged(host, daemon, "wan" if row.name == "net.rename" else "va") == []


@pytest.mark.parametrize("above", ABOVE)
def test_nothing_says_a_word_wherever_it_stands_above_the_link(lab: Lab, tmp_path: Path, above: str) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    other.up("vb")

    daemon = started(host, tmp_path / "x.ncd", ABOVE[above], "--quiet", "--control", "none")

    assert unplugged_and_plugged(host, daemon) == []
