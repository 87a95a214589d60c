"""Who is told how WireGuard links are: with the monitor's round, and more often while something is expected."""

from asyncio import TimerHandle, get_running_loop
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from netstrata.protocols.wireguard.device import Device
from netstrata.system.held import Loss
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.wireguard.devices import WireguardDevices
from netstrata.values import Unavailable

SOON_S: Final = 0.25
See = Callable[[Device], bool]  # is given a device; returns whether it is to be looked at again soon


class DeviceRounds(Subscriber):
    """Those who watch devices, by the index of each."""

    __slots__ = ("_devices", "_is_due", "_monitor", "_timer", "_watchers")

    def __init__(self, monitor: Monitor, devices: WireguardDevices) -> None:
        self._monitor = monitor
        self._devices = devices
        self._watchers: dict[int, list[See]] = {}
        self._is_due = False
        self._timer: TimerHandle | None = None
        monitor.subscribe(self)

    def add(self, ifindex: int, see: See) -> None:
        """Tell it how a device is, now if that can be known, and from now on."""
        self._watchers.setdefault(ifindex, []).append(see)
        self._monitor.look_again()
        if self._look(ifindex, [see]):
            self._look_soon()

    def remove(self, ifindex: int, see: See) -> None:
        """Tell it no more."""
        self._watchers[ifindex].remove(see)
        if not self._watchers[ifindex]:
            del self._watchers[ifindex]

    def on_overrun(self) -> None:
        """Nothing that was said is used."""

    def on_round(self) -> None:
        """Tell all, after it is known what is lost."""
        self._is_due = bool(self._watchers)

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Tell all, if it is time."""
        if self._is_due:
            self._is_due = False
            self._monitor.look_again()
            self._look_at_all()
        return [], True

    def _look_at_all(self) -> None:
        expecting = [self._look(ifindex, list(watchers)) for ifindex, watchers in list(self._watchers.items())]
        if any(expecting):
            self._look_soon()

    def _look(self, ifindex: int, watchers: list[See]) -> bool:
        """Tell those who watch a device; return whether one of them expects something."""
        device = None
        with suppress(Unavailable):  # whoever holds something of it is told
            device = self._devices.find(ifindex, "look at a WireGuard link")
        expecting = [see(device) for see in watchers] if device is not None else []
        return any(expecting)

    def _look_soon(self) -> None:
        if self._timer is None:
            self._timer = get_running_loop().call_later(SOON_S, self._look_now)

    def _look_now(self) -> None:
        self._timer = None
        self._look_at_all()
