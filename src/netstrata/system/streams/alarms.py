"""Descriptors that are watched for errors only, which the event loop itself cannot do.

Source: epoll(7), EPOLLERR, EPOLLHUP, EPOLLET.
"""

import asyncio
from collections.abc import Callable
from select import EPOLLERR, EPOLLET, epoll


class Alarms:
    """One epoll inside of the loop's, made when it is first needed and closed when nobody is watched."""

    __slots__ = ("_calls", "_epoll")

    def __init__(self) -> None:
        self._epoll: epoll | None = None
        self._calls: dict[int, Callable[[], None]] = {}

    def add(self, descriptor: int, call: Callable[[], None]) -> None:
        """Call whenever an error arrives on a descriptor."""
        if self._epoll is None:
            self._epoll = epoll()
            asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._rung)
        self._epoll.register(descriptor, EPOLLET)
        self._calls[descriptor] = call

    def remove(self, descriptor: int) -> None:
        """Watch a descriptor no more; it is still open."""
        del self._calls[descriptor]
        if self._epoll is None:
            return
        self._epoll.unregister(descriptor)
        if not self._calls:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _rung(self) -> None:
        if self._epoll is None:
            return
        for descriptor, events in self._epoll.poll(0):
            call = self._calls.get(descriptor)
            if call is not None and events & EPOLLERR:
                call()
