"""net.backend.wpa_supplicant: a link that has authenticated."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import DOWN, Revised, Watch, watches
from netstrata.contract.shapes.backends import Bssid
from netstrata.contract.shapes.common import Command, Name, Text, Word
from netstrata.ports import Ports


class Associated(NamedTuple):
    bssid: Bssid
    ssid: Text


@watches("net.backend.wpa_supplicant", layer=2)
async def wpa_supplicant(ports: Ports, ifname: Name, conf: Word, exec: Word, args: Command) -> Watch[Associated]:
    """Run wpa_supplicant for a link; up while it is associated, on a wired link while it is authenticated.

    It stays up while the link roams to another access point of the network: what has read `bssid` is done again, with
    all after it.  A wire is down once it is refused, and while it has no carrier; then it is authenticated again.

    `exec` is the program's path.  It is given `args`, then `-i` with the link and `-c` with the configuration file.
    The statement fails when the program ends; what it says stands in the time line.

    Example:
        net.backend.wpa_supplicant("wlan0", "/etc/wpa_supplicant.conf", "/sbin/wpa_supplicant", {"-D", "nl80211"}) air;
        println("associated with ", air.ssid);

    Source: wpa_supplicant(8); NCD, net.backend.wpa_supplicant.
    """
    async with aclosing(ports.backends.watch_association(ifname, conf, exec, args)) as states:
        async for state in states:
            yield Revised(Associated(state.bssid, state.ssid)) if state is not None else DOWN
