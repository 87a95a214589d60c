"""Routing tables by the names of iproute2's files, with ip as the judge."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.kernel.filters.programs import started

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
_FILE = "/etc/iproute2/rt_tables"
_SLOW_S = 60
PROGRAM = """process main {
    net.route("203.0.113.0/24", ["dev": "va", "table": "wan"]);
    net.rule(["priority": "100", "from": "192.0.2.0/24", "table": "wan"]);
    println("complete");
}
"""


def prepared(lab: Lab) -> Host:
    """Make a host whose link is up."""
    host = lab.host("host")
    lab.cable((host, "va"), (lab.host("other"), "vb"))
    host.up("va", "192.0.2.1/24")
    return host


def running(host: Host, tmp_path: Path) -> Child:
    """Start the program."""
    return started(host, tmp_path / "x.ncd", PROGRAM, "--quiet", "--control", "none")


def shown(host: Host, words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(host.run("ip", "-N", "-j", *words.split()) or "[]")
    return found


@pytest.mark.parametrize(
    ("path", "text"),
    [(_FILE, "254 main\n0x12c wan # by cable\n"), ("/etc/iproute2/rt_tables.d/wan.conf", "300\twan\n")],
)
def test_a_table_is_found_by_its_name_as_ip_finds_it(lab: Lab, tmp_path: Path, path: str, text: str) -> None:
    host = prepared(lab)
    host.write(path, text)

    daemon = running(host, tmp_path)
    daemon.wait_output("complete\n", _SLOW_S)

    assert [route["dst"] for route in shown(host, "route show table wan")] == ["203.0.113.0/24"]
    assert [route["dst"] for route in shown(host, "route show table 300")] == ["203.0.113.0/24"]
    assert [rule["table"] for rule in shown(host, "rule show priority 100")] == ["300"]
    assert daemon.end(_SLOW_S) == 0
    assert shown(host, "rule show priority 100") == []


def test_a_name_that_no_file_has_is_waited_for_by_its_file(lab: Lab, tmp_path: Path) -> None:
    host = prepared(lab)
    daemon = running(host, tmp_path)
    daemon.wait_output(
        "cannot add route 203.0.113.0/24 on va in table wan: there is no table wan in /etc/iproute2/rt_tables or "
        "/usr/share/iproute2/rt_tables", _SLOW_S,
    )  # fmt: skip

    host.write(_FILE, "300 wan\n")

    wait_until("the rule", lambda: bool(shown(host, "rule show priority 100")), _SLOW_S)
    assert daemon.end(_SLOW_S) == 0
