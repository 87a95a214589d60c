"""What a service manager is told: that the program has begun, that it ends, and that the loop still turns.

Each message is one datagram to the socket that the environment names.  Nobody waits for the manager: what it does not
take is lost, and the next sign of life follows.
Source: sd_notify(3), sd_watchdog_enabled(3).
"""

import os
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress

ADDRESS, WATCHDOG_TIME, WATCHDOG_OF = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"


class ServiceManager:
    """Whoever has started the daemon and watches it; nobody, if the address is empty."""

    def __init__(self, address: str, watchdog_s: float = 0) -> None:
        """Take the path of a socket, or `@` and an abstract name.

        Shapes: watchdog_s is how long the manager waits for a sign of life before it starts the daemon anew; 0, it does
        not watch.
        """
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_s = watchdog_s

    @property
    def listens(self) -> bool:
        """Whether there is one."""
        return bool(self._address)

    def environment(self) -> dict[str, str]:
        """Return our environment, with what tells the next program under this process id who watches it."""
        ours = dict(os.environ)
        if self.listens:
            ours[ADDRESS] = self._address.replace("\0", "@", 1)
        if self._watchdog_s:
            ours[WATCHDOG_TIME] = str(round(self._watchdog_s * 1_000_000))
        return ours

    def say(self, message: str) -> None:
        """Send a message: `STOPPING=1`."""
        if self.listens:
            import socket  # as asyncio: programs that end at once do without

            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
                sender.sendto(message.encode(), self._address)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Say `READY=1` at the loop's next turn, and show signs of life as long as it turns."""
        import asyncio

        loop = asyncio.get_running_loop()
        alarm: asyncio.Handle

        def live() -> None:
            nonlocal alarm
            self.say("WATCHDOG=1")
            alarm = loop.call_later(self._watchdog_s / 2, live)

        def begin() -> None:
            self.say("READY=1")
            if self._watchdog_s:
                live()

        alarm = loop.call_soon(begin)
        try:
            yield
        finally:
            alarm.cancel()


def take_service_manager(environment: MutableMapping[str, str] = os.environ) -> ServiceManager:
    """Return who watches this process, and take that out of the environment: children are not to speak for us."""
    address = environment.pop(ADDRESS, "")
    watched = environment.pop(WATCHDOG_OF, str(os.getpid())) == str(os.getpid())
    time = environment.pop(WATCHDOG_TIME, "")
    return ServiceManager(address, int(time) / 1_000_000 if watched and time.isdecimal() else 0)
