"""Router advertisements on links: heard, asked for, and sent, on raw sockets."""

from netstrata.system.ndp.given_up import GivenUpPrefixes
from netstrata.system.ndp.port import AdvertisementsPort

__all__ = ["AdvertisementsPort", "GivenUpPrefixes"]
