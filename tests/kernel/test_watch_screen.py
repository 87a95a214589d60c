"""`netstrata watch` of a daemon on a host: its links, its lights and its generated files."""

import asyncio
from pathlib import Path

import pytest
from tests.cli.watch.playing import play, wait_for
from tests.kernel.filters.programs import started
from textual.pilot import Pilot

from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PROGRAM = """process server {
    net.up("lan");
    net.backend.waitlink("lan");
    net.ipv4.addr("lan", "192.0.2.1/24");
    net.dnsmasq("lan", ["range": {"192.0.2.10", "192.0.2.20"}, "domain": "example.org"]);
    println("serving");
}
"""


def test_a_pulled_cable_puts_lights_out_and_links_and_files_can_be_looked_at(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    cable = lab.cable((host, "lan"), (other, "eth0"))
    control = str(tmp_path / "control")
    daemon = started(host, tmp_path / "server.ncd", PROGRAM, "--control", control)
    daemon.wait_output("serving")

    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "● server complete 1● 3● 4●")
        await pilot.press("f")
        await wait_for(pilot, "dnsmasq-lan.conf", "server.4")
        await pilot.press("enter")
        await wait_for(pilot, "interface=lan", "example.org")
        await pilot.press("escape", "n")
        await wait_for(pilot, "10000 Mb/s full")
        await pilot.press("escape")
        await asyncio.to_thread(cable.pull)
        await wait_for(pilot, "server waiting 1◐ 3○ 4○")
        await pilot.press("n")
        await wait_for(pilot, "no carrier")
        await pilot.press("escape")
        await asyncio.to_thread(cable.plug)
        await wait_for(pilot, "● server complete 1● 3● 4●")

    play(control, act, (120, 30))
