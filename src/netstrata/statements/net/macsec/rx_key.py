"""net.macsec.rx_key: the key of what a MACsec link hears from another end."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.dhcp import Mac
from netstrata.contract.shapes.macsec import AssociationNumber, MacsecKeyShape, MacsecRxOptions
from netstrata.ports import MacsecChannel, MacsecKey, Ports


@configures("net.macsec.rx_key", layer=1)
async def rx_key(
    ports: Ports,
    link: Link,
    mac: Mac,
    number: AssociationNumber,
    key: MacsecKeyShape,
    options: MacsecRxOptions = NO_OPTIONS,
) -> Up[None]:
    """Hold a key of what a MACsec link hears from another one: a secure association, by its number.

    The other one is known by the hardware address of its MACsec link, and by `port`, which is 1 unless it is given.
    Its secure channel is made for its first key, and goes with its last one.

    Keys are changed without a gap by two of them: the new one is heard under another number at both ends before the
    first end sends with it.

    Example:
        net.macsec.rx_key("macsec0", "02:00:00:00:0B:01", "0", "000102030405060708090a0b0c0d0e0f");
        net.macsec.rx_key("macsec0", "02:00:00:00:0B:01", "1", "101112131415161718191a1b1c1d1e1f");

    Source: ip-macsec(8), linux/if_macsec.h.
    """
    port = options.get("port", 1)
    sci = mac + port.to_bytes(2, "big")
    async with (
        ports.links.held_macsec_channel(MacsecChannel(link, sci)),
        ports.links.held_macsec_key(MacsecKey(link, number, key, options, sci)),
    ):
        yield
