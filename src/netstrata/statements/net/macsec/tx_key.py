"""net.macsec.tx_key: the key of what a MACsec link sends."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.macsec import AssociationNumber, MacsecKeyShape, MacsecTxOptions
from netstrata.ports import MacsecKey, Ports


@configures("net.macsec.tx_key", layer=1)
async def tx_key(
    ports: Ports, link: Link, number: AssociationNumber, key: MacsecKeyShape, options: MacsecTxOptions = NO_OPTIONS
) -> Up[None]:
    """Hold a key of what a MACsec link sends: a secure association, by its number.

    The link sends with the association that its option `encodingsa` names, which is 0 unless it is given.  The other
    end needs the same key under the same number, for this link's hardware address.

    Each time the key is put in, its packets are counted from `pn` on.  The other end, with `replay`, takes none that
    it has counted already; and two packets of one key and one number can be read by who has recorded both.  Where keys
    have to last, let wpa_supplicant agree on them anew (MKA).

    The kernel shows no key.  `id` is what it shows instead, a name of 16 bytes: without it, it is made of the key.

    Example:
        net.macsec("eth0", "macsec0", ["encrypt": "on"]);
        net.macsec.tx_key("macsec0", "0", "000102030405060708090a0b0c0d0e0f");
        net.macsec.rx_key("macsec0", "02:00:00:00:0B:01", "0", "101112131415161718191a1b1c1d1e1f");
        net.up("macsec0");

    Source: ip-macsec(8), linux/if_macsec.h.
    """
    async with ports.links.held_macsec_key(MacsecKey(link, number, key, options)):
        yield
