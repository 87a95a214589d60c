"""`netstrata links`, and the links in `netstrata status`, on a host of a lab."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.programs import PYTHON

import netstrata
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel
SOURCES = str(Path(netstrata.__file__).parents[1])
PROGRAM = """process wired {
    net.up("eth0");
    net.backend.waitlink("eth0");
    call("address", {"eth0"});
    println("ready");
}
process other { net.backend.waitdevice("eth7"); run({}, {"/bin/true", "lo"}); }
process words { var("eth0") is_only_a_word; println("eth0"); }
template address { net.ipv4.addr(_arg0, "192.0.2.1/24"); }
"""


class Asked:
    """A daemon on a host, and what it answers."""

    def __init__(self, host: Host, folder: Path, text: str = PROGRAM) -> None:
        self._host = host
        self._control = str(folder / "control")
        (folder / "program.ncd").write_text(text)
        words = [sys.executable, "-m", "netstrata", "run", "--quiet", "--control", self._control]
        self.child = host.start([*words, str(folder / "program.ncd")], {"PYTHONPATH": SOURCES})
        self.child.wait_output("ready")

    def ask(self, *words: str) -> str:
        """Return what a command prints."""
        settings = ("env", f"PYTHONPATH={SOURCES}", "NO_COLOR=1", "LC_ALL=C.UTF-8")
        return self._host.run(*settings, PYTHON, "-m", "netstrata", *words, "--control", self._control)

    def links(self, *names: str) -> dict[str, dict[str, Any]]:
        """Return links by name."""
        return {link["name"]: link for link in json.loads(self.ask("links", *names, "--json"))["links"]}


@pytest.fixture
def hosts(lab: Lab) -> tuple[Host, Host]:
    """Return two hosts with a cable between them."""
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0", "192.0.2.2/24")
    return host, other


def test_a_link_has_the_kernels_state_and_counters(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    host, other = hosts
    asked = Asked(host, tmp_path)
    host.page("192.0.2.1", "x" * 10_000)
    other.fetch("http://192.0.2.1/")

    [before] = json.loads(host.run("ip", "-s", "-j", "link", "show", "eth0"))
    link = asked.links()["eth0"]

    [kernel] = json.loads(host.run("ip", "-s", "-j", "link", "show", "eth0"))
    assert (link["name"], link["index"], link["mac"]) == ("eth0", kernel["ifindex"], kernel["address"])
    assert (link["kind"], link["up"], link["carrier"], link["mtu"]) == ("veth", True, True, 1500)
    assert (link["speed_mbps"], link["duplex"]) == (10000, "full")
    assert link["tx_bytes"] > 10_000
    for way in ("rx", "tx"):  # packets may have come meanwhile
        for what in ("packets", "bytes", "errors", "dropped"):
            assert before["stats64"][way][what] <= link[f"{way}_{what}"] <= kernel["stats64"][way][what]
    assert "ssid" not in link
    assert "signal_dbm" not in link


def test_a_link_knows_the_processes_whose_statements_name_it(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    links = Asked(hosts[0], tmp_path).links()

    assert links["eth0"]["processes"] == ["wired", "wired.3/address"]
    assert links["lo"]["processes"] == []


def test_the_link_goes_down_with_its_cable_and_stays_in_the_list(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    cable = lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")
    asked = Asked(host, tmp_path)

    cable.pull()

    assert (asked.links("eth0")["eth0"]["up"], asked.links("eth0")["eth0"]["carrier"]) == (True, False)
    assert "eth0  veth      no carrier  10000 Mb/s full" in asked.ask("links")


def test_status_shows_the_links_of_each_process(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    asked = Asked(hosts[0], tmp_path)

    wired = asked.ask("status", "wired").splitlines()
    everything = asked.ask("status", "--all").splitlines()

    assert wired[-1].startswith("    eth0  up  10000 Mb/s full  in ")
    assert "1●" in wired[0]
    assert "3●" in wired[0]
    assert sum(line.startswith("    eth0  up") for line in everything) == 2
    assert not any("eth0  up" in line for line in asked.ask("status", "words").splitlines())


def test_a_link_that_is_not_there_is_told_with_one_that_is(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    asked = Asked(hosts[0], tmp_path)

    with pytest.raises(Unavailable, match=r"there is no link eth00\s+help: did you mean eth0\?") as refused:
        asked.ask("links", "eth00")
    assert "status 10" in refused.value.reason


def test_a_link_answers_to_its_other_names_and_strange_names_are_no_links(
    hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    host, _ = hosts
    host.ip("link property add dev eth0 altname a-name-that-is-longer-than-fifteen")
    asked = Asked(host, tmp_path)

    assert list(asked.links("a-name-that-is-longer-than-fifteen")) == ["eth0"]
    for strange in ("", "x" * 128, "x" * 5000, "a/b", "eth0 ", "café"):
        with pytest.raises(Unavailable, match="there is no link"):
            asked.ask("links", strange)


def test_a_name_that_would_harm_a_terminal_is_escaped(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    host, _ = hosts
    host.ip("link add \x1b[31mred type veth peer name quiet")

    out = Asked(host, tmp_path).ask("links")

    assert "\x1b" not in out
    assert r"\x1b[31mred" in out
