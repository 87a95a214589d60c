"""net.backend.badvpn, with a program that stands in for the client."""

import os
from pathlib import Path

import pytest
from tests.kernel.filters.programs import started, up

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel


@pytest.fixture
def client(tmp_path: Path) -> str:
    """A program that says who it is and what it was given, and waits."""
    if Path("/proc/self/setgroups").read_text().strip() == "deny":
        pytest.skip("as root of a user namespace made without root, no program gets a user")
    program = tmp_path / "client"
    script = """#!/bin/sh
        trap 'echo ended; exit 0' TERM
        echo "$(id -un) got $*"
        while :; do sleep 0.02; done
    """
    program.write_text(script)
    program.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        os.chmod(folder, 0o755)
    return str(program)


def test_a_device_and_its_program_come_and_go(lab: Lab, tmp_path: Path, client: str) -> None:
    host = lab.host("host")
    lab.remember()

    daemon = up(
        host,
        tmp_path / "x.ncd",
        f'net.backend.badvpn("tapz", "root", "{client}", {{"--server", "x y"}}); net.ipv4.addr("tapz", "10.0.0.1/24");',
    )
    daemon.wait_output("root got --tapdev tapz --server x y")
    device = host.run("ip", "-d", "link", "show", "tapz")
    kernel = host.kernel()
    daemon.end()

    assert "tun type tap pi on vnet_hdr off persist on user root" in device
    assert ",UP" in device
    assert "addr 10.0.0.1/24 dev tapz" in kernel
    assert "ended" in daemon.output()
    assert "tapz" not in host.run("ip", "link")


def test_it_runs_as_the_user_that_owns_the_device(lab: Lab, tmp_path: Path, client: str) -> None:
    host = lab.host("host")

    daemon = up(host, tmp_path / "x.ncd", f'net.backend.badvpn("tapz", "nobody", "{client}", {{}});')
    daemon.wait_output("nobody got --tapdev tapz")
    device = host.run("ip", "-d", "link", "show", "tapz")
    daemon.end()

    assert "user nobody" in device


def test_a_device_that_is_there_is_taken_over(lab: Lab, tmp_path: Path, client: str) -> None:
    host = lab.host("host")
    host.run("ip", "tuntap", "add", "dev", "tapz", "mode", "tap", "pi")

    daemon = up(host, tmp_path / "x.ncd", f'net.backend.badvpn("tapz", "root", "{client}", {{}});')
    daemon.end()

    assert "tapz" not in host.run("ip", "link")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ('"tapz", "no-such-user-here"', "cannot make the TAP device tapz: there is no user no-such-user-here"),
        ('"lo", "root"', "cannot make the TAP device lo: "),
        ('"a-name-of-16-byte", "root"', "its name is longer than 15 bytes"),
        ('"tap%d", "root"', "its name is no whole name"),
    ],
)
def test_what_cannot_be_made_is_told(lab: Lab, tmp_path: Path, words: str, reason: str) -> None:
    host = lab.host("host")

    daemon = started(host, tmp_path / "x.ncd", f'process main {{ net.backend.badvpn({words}, "/bin/true", {{}}); }}')
    daemon.wait_output(reason)
    daemon.end()


def test_a_device_that_somebody_deletes_is_made_again_with_its_program(lab: Lab, tmp_path: Path, client: str) -> None:
    host = lab.host("host")
    daemon = up(host, tmp_path / "x.ncd", f'net.backend.badvpn("tapz", "root", "{client}", {{}});')
    daemon.wait_output("root got")

    host.ip("link del tapz")
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)
    wait_until("its program again", lambda: daemon.output().count("root got") == 2)
    daemon.end()

    assert "tapz" not in host.run("ip", "link")
