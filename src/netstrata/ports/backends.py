"""Programs and devices that make a link work before it has addresses."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from netstrata.contract.options import Options


class Association(NamedTuple):
    """To whom a link has authenticated.

    Shapes: bssid is as in 02:00:00:00:0A:01, b"" if there is none; ssid is as wpa_supplicant writes it.
    """

    bssid: bytes
    ssid: bytes


class Backends(Protocol):
    """What stands below addresses: virtual devices, authentication."""

    def held_tap(self, name: str, user: str) -> AbstractAsyncContextManager[None]:
        """Make a TAP device that a user may open, or take over one that is there; remove it on the way back.

        Raises: Unavailable if there is no such user, or the kernel does not make it.
        """

    def watch_association(
        self, link: str, configuration: bytes, program: bytes, arguments: list[bytes]
    ) -> AsyncGenerator[Association | None, None]:
        """Run a wpa_supplicant for a link; yield an association when there is one, None when it is lost.

        To be closed with `aclosing`, which ends the program and waits for that.
        Raises: Unavailable when the program ends by itself, or what it says makes no sense.
        """

    def watch_network(self, link: str, options: Options) -> AsyncGenerator[Association | None, None]:
        """Run a wpa_supplicant for a link with a configuration that is generated for it: see `watch_association`.

        Raises: Refused if the options do not go together; Unavailable if there is no wpa_supplicant.
        """
