"""Uplinks in words: which of several is preferred, and why that one."""

import time

import pytest

from netstrata.daemon.pyramid.uplinks import preferred_of, state_of
from netstrata.engine.holders import Holders
from netstrata.ports.gateways import Answered, Gateway, UplinkFacts

SINCE_S = 1_700_000_000.0
NOBODY = Holders().add(None)  # type: ignore[arg-type]
AT = time.strftime("%H:%M:%S", time.localtime(SINCE_S))


def uplink(
    link: str,
    preference: int,
    through: bool | None = None,
    *,
    kind: str = "ethernet",
    preferred: bool = False,
    usable: bool = True,
    problem: str = "",
    signal: float | None = None,
) -> UplinkFacts:
    answered = Answered(through, SINCE_S) if through is not None else None
    gateway = Gateway(link, 4, bytes(4), preference, kind)
    return UplinkFacts(gateway, 1, NOBODY, preferred, usable, answered, problem, signal)


@pytest.mark.parametrize(("uplinks", "told"), [
    ([], ""),
    ([uplink("eth0", 10, preferred=True)], "eth0 is preferred: it is the only uplink for IPv4"),
    (
        [uplink("eth0", 10, preferred=True), uplink("wlan0", 20, True), uplink("usb0", 5, False)],
        "eth0 is preferred: eth0 has preference 10; wlan0 (20) gets through; "
        f"usb0 (5) does not get through since {AT}",
    ),
    (
        [uplink("tun0", 10, preferred=True, kind="vpn"), uplink("eth0", 10)],
        "tun0 is preferred: tun0 has preference 10, as eth0, and vpn comes before ethernet; eth0 (10) is not probed",
    ),
    (
        [uplink("eth0", 10, True, preferred=True), uplink("eth1", 10, True), uplink("eth2", 1, usable=False)],
        "eth0 is preferred: eth0 has preference 10, as eth1, and was there first, and gets through; "
        "eth1 (10) gets through; eth2 (1) has no route in the kernel",
    ),
    (
        [uplink("w0", 10, preferred=True, kind="wifi", signal=-52.4), uplink("w1", 10, kind="wifi", signal=-71.0)],
        "w0 is preferred: w0 has preference 10, as w1, and its signal is -52 dBm, that of w1 -71 dBm; "
        "w1 (10) is not probed",
    ),
    (
        [uplink("eth0", 10, problem="another route is there: default dev ppp0")],
        "no uplink is preferred: another route is there: default dev ppp0; eth0 has preference 10",
    ),
    (
        [uplink("eth0", 10, False, preferred=True), uplink("eth1", 20, False)],
        f"eth0 is preferred: eth0 has preference 10, and does not get through since {AT}; "
        f"eth1 (20) does not get through since {AT}",
    ),
])  # fmt: skip
def test_why_one_is_preferred(uplinks: list[UplinkFacts], told: str) -> None:
    assert preferred_of(uplinks) == told


def test_how_each_stands() -> None:
    states = [uplink("a", 1, preferred=True), uplink("b", 1, False), uplink("c", 1), uplink("d", 1, usable=False)]

    assert [state_of(one) for one in states] == ["preferred", "silent", "ready", "unusable"]
