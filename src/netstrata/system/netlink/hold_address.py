"""The context manager that holds an address."""

from netstrata.contract import Holder
from netstrata.system.held import Hold
from netstrata.system.netlink.addresses import NetlinkAddresses
from netstrata.system.netlink.held_address import HeldAddress, Spec


class HoldAddress(Hold[Spec, HeldAddress]):
    """Hold an address while the block runs; entering waits until it can be used, if it is of IPv6."""

    __slots__ = ("_addresses",)

    def __init__(self, addresses: NetlinkAddresses, spec: Spec, who: Holder | None) -> None:
        super().__init__(addresses, spec, who)
        self._addresses = addresses

    async def __aenter__(self) -> None:
        await super().__aenter__()
        if self._held is None or self._who is None:
            return
        try:
            await self._addresses.until_usable(self._held, self._spec, self._who)
        except BaseException:
            await self.__aexit__()
            raise
