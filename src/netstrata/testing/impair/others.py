"""What others do in the moment between a look and what is done because of it."""

import subprocess

from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams
from netstrata.testing.impair.turns import Turns
from netstrata.testing.impair.wrapped import Does, Of, Wrapped, is_write


@impairment
def link_vanishes(seams: Seams, *, link: str, of: Of = "any", does: Does = "any", n: int = 1, times: int = 1) -> None:
    """Have a link deleted just before something is changed."""
    _just_before(seams, of, does, Turns(n, times, ""), f"ip link del {link}")


@impairment
def link_is_replaced(
    seams: Seams, *, link: str, of: Of = "any", does: Does = "any", n: int = 1, times: int = 1
) -> None:
    """Have a link deleted, and another one of its name made, just before something is changed."""
    again = (
        f"ip link del {link}; ip link add {link} type veth peer name {link[:10]}-new; ip link set {link[:10]}-new up"
    )
    _just_before(seams, of, does, Turns(n, times, ""), again)


@impairment
def link_is_renamed(
    seams: Seams, *, link: str, to: str, of: Of = "any", does: Does = "any", n: int = 1, times: int = 1
) -> None:
    """Have a link given another name just before something is changed."""
    _just_before(seams, of, does, Turns(n, times, ""), f"ip link set {link} down; ip link set {link} name {to}")


@impairment
def link_falls(seams: Seams, *, link: str, of: Of = "any", does: Does = "any", n: int = 1, times: int = 1) -> None:
    """Have a link set down just before something is changed."""
    _just_before(seams, of, does, Turns(n, times, ""), f"ip link set {link} down")


@impairment
def somebody_first(seams: Seams, *, does: str, of: Of = "any", n: int = 1, times: int = 1) -> None:
    """Have somebody else run a command just before something is made."""
    _just_before(seams, of, "new", Turns(n, times, ""), does)


def _just_before(seams: Seams, of: Of, does: Does, turns: Turns, line: str) -> None:
    class Overtaken(Wrapped):
        def send(self, data: bytes, flags: int = 0, /) -> int:
            if is_write(data, of, does) and turns.is_next():
                subprocess.run(["/bin/sh", "-c", line], check=False)
            return self.real.send(data, flags)

    seams.sockets.append(lambda opens: lambda kind, protocol: Overtaken(opens(kind, protocol)))
