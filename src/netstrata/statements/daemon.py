"""daemon: a program that is kept running."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.children import DAEMON_DEFAULTS, PROGRAM, DaemonOptionsMap
from netstrata.contract.shapes.common import Any_
from netstrata.ports import Command, Ports


@configures("daemon")
async def daemon(ports: Ports, command: Any_, options: DaemonOptionsMap = DAEMON_DEFAULTS) -> Up[None]:
    """Keep a program running: up at once, started again `retry_time` after each end, SIGTERM on the way down.

    That time doubles with each end in a row, up to a minute, and is the first one again after a minute of life.
    One that a daemon which was killed has left running is taken over, if command and options are equal.
    A command that cannot be used is no error of the statement, which stays up.

    Example:
        daemon({"/usr/sbin/openvpn", "--config", "office.conf"}, ["retry_time": "5000", "username": "nobody",
            "environment": ["LANG": "C"], "limits": ["nofile": "256", "core": "0"]]);

    Source: NCD, daemon; setrlimit(2) for the limits.
    """
    words = PROGRAM.read(command)
    asked = Command(words, options.child) if words is not None else None
    async with ports.children.held_alive(asked, options.retry_ms):
        yield
