"""Addresses that are held and lie in what was granted: deprecated in place, or preferred again, as `leased` says."""

from collections.abc import Callable, Iterable

from netstrata.protocols.rtnetlink.constants import NLM_F_REPLACE, RTM_NEWADDR
from netstrata.system.netlink.held_address import HeldAddress
from netstrata.system.netlink.leased import LeasedNetworks
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable


class Deprecation:
    """Follows what clients have granted."""

    __slots__ = ("_doubt", "_held", "_requests", "leased")

    def __init__(
        self,
        requests: RequestSocket,
        held: Callable[[], Iterable[HeldAddress]],
        doubt: Callable[[HeldAddress], None],
    ) -> None:
        """Take who reads all that is held, and what has an address looked at again."""
        self._requests = requests
        self._held = held
        self._doubt = doubt
        self.leased = LeasedNetworks()
        self.leased.changed.append(self._follow)

    def prepare(self, held: HeldAddress) -> None:
        """Have an address made as it is to be now."""
        held.is_deprecated = self._is_due(held)

    def _is_due(self, held: HeldAddress) -> bool:
        """Say whether an address is not preferred any more, where a program does not say so itself."""
        timed = held.spec.options.keys() & {"valid_lft", "preferred_lft"}
        return not timed and self.leased.is_deprecated(held.spec.address)

    def _follow(self) -> None:
        for held in self._held():
            deprecated = self._is_due(held)
            if deprecated != held.is_deprecated:
                held.is_deprecated = deprecated
                if held.ours:
                    self._change(held)

    def _change(self, held: HeldAddress) -> None:
        """Have the kernel know; if that fails, it is seen to be otherwise."""
        try:
            answer = self._requests.request(RTM_NEWADDR, NLM_F_REPLACE, held.request)
        except Unavailable:
            self._doubt(held)
        else:
            if answer is not None:
                self._doubt(held)
