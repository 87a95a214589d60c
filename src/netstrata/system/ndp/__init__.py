"""Router advertisements on links: heard, asked for, and sent, on raw sockets."""

from netstrata.system.ndp.port import AdvertisementsPort

__all__ = ["AdvertisementsPort"]
