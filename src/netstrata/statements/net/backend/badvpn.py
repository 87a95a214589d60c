"""net.backend.badvpn: a TAP device, and the program that carries its packets."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.children import ChildOptions
from netstrata.contract.shapes.common import Command as Words
from netstrata.contract.shapes.common import Name, Word
from netstrata.ports import Command, Ports

RETRY_MS = 5000


@configures("net.backend.badvpn", layer=4)
async def badvpn(ports: Ports, ifname: Name, user: Name, exec: Word, args: Words) -> Up[None]:
    """Hold a TAP device up, and keep a program running that uses it, as a user; both are gone on the way back.

    `exec` is the program's path.  It is given `--tapdev` with the device, then `args`, and is started again 5 s after
    each end.  A TAP device of that name that is there is taken over.

    Example:
        net.backend.badvpn("tap0", "nobody", "/usr/bin/badvpn-client", {"--server-addr", "192.0.2.1:7000"});
        net.ipv4.addr("tap0", "198.51.100.1/24");

    Source: tuntap.rst in the kernel's documentation; NCD, net.backend.badvpn.
    """
    command = Command(
        [exec, b"--tapdev", ifname.encode("utf-8", "surrogateescape"), *args], ChildOptions(username=user)
    )
    async with (
        ports.backends.held_tap(ifname, user),
        ports.links.held_up(ifname),
        ports.children.held_alive(command, RETRY_MS),
    ):
        yield
