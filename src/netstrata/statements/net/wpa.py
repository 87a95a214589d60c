"""net.wpa: a link that has authenticated, to a Wi-Fi network or on a wire."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import DOWN, Revised, Watch, watches
from netstrata.contract.shapes.backends import Bssid
from netstrata.contract.shapes.common import Link, Text
from netstrata.contract.shapes.wpa import WpaOptions
from netstrata.ports import Ports


class Authenticated(NamedTuple):
    bssid: Bssid
    ssid: Text


@watches("net.wpa", layer=2)
async def wpa(ports: Ports, link: Link, options: WpaOptions) -> Watch[Authenticated]:
    """Authenticate a link by wpa_supplicant: to the Wi-Fi network `ssid`, or by 802.1X on a wire; up while it is.

    It stays up while the link roams to another access point of the network: what has read `bssid` is done again, with
    all after it.  A wire is down once it is refused, and while it has no carrier; then it is authenticated again.

    `psk` is a passphrase; `eap`, `identity` and `password` are for networks that know their users.  The configuration
    is generated; `netstrata show` prints it, without secrets.  `net.backend.wpa_supplicant` takes one that is there.

    Example:
        net.wpa("wlan0", ["ssid": "home", "psk": "many wooden horses"]) air;
        println("associated with ", air.ssid);

    Source: wpa_supplicant(8), wpa_supplicant.conf(5).
    """
    async with aclosing(ports.backends.watch_network(link, options)) as states:
        async for state in states:
            yield Revised(Authenticated(state.bssid, state.ssid)) if state is not None else DOWN
