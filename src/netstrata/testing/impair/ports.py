"""The ports of a daemon with faults in them."""

from functools import cached_property, partial
from typing import Any

from netstrata.system.held import NO_RECOVERY, Recovery, Undone
from netstrata.system.netlink import Netlink
from netstrata.system.ports import SystemPorts
from netstrata.testing.impair.reading import Impairments
from netstrata.testing.impair.seams import Seams


class ImpairedPorts(SystemPorts):
    """As the system's, made of what the seams return."""

    def __init__(self, impairments: Impairments, *arguments: Any, **options: Any) -> None:
        """Put faults in; the rest is as for `SystemPorts`."""
        super().__init__(*arguments, **options)
        self._seams = Seams()
        for install in impairments:
            install(self._seams)

    @classmethod
    def having(cls, impairments: Impairments) -> "partial[ImpairedPorts]":
        """Return what makes ports with these faults."""
        return partial(cls, impairments)

    @cached_property
    def recovery(self) -> Recovery:
        """What a daemon before this one has left, and where is written what this one does."""
        real = super().recovery
        return real if real is NO_RECOVERY else Recovery(self._seams.journal(real.journal))

    @property
    def is_left(self) -> bool:
        """Whether a daemon before this one has left something that nobody has taken over yet."""
        left = super().is_left
        if self._seams.on_settled and not left and not self.is_busy:
            for settled in self._seams.on_settled:
                settled()
        return left

    async def sweep(self) -> list[Undone]:
        """Undo what a daemon before this one has left."""
        undone = await super().sweep()
        _ = self.is_left  # which tells
        return undone

    @cached_property
    def _netlink(self) -> Netlink:
        return Netlink(opens=self._seams.opens(), recovery=self.recovery)
