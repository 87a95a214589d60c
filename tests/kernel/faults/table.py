"""The table of faults: each kind, the families of statements that it can meet, and what becomes of it.

A kind without a row fails test_faults.py, and so does a family that a kind of its sort does not meet.
"""

import errno
import os
from collections.abc import Iterator
from typing import NamedTuple, get_args

from tests.kernel.faults.families import FAMILIES, NETWORK, WITH_FILES, WITH_TOOLS
from tests.kernel.faults.scene import ENDING, FAULT

from netstrata.testing.impair.answers import Errno

# While the fault lasts `why` says so of each family; when it is over, all come up.
REFUSED = "refused"
# Whatever it does on the way up, all come up when it is over.
SHAKEN = "shaken"
# It begins when all is up; what somebody takes away meanwhile comes back.
STANDING = "standing"
# It does not end by itself: the daemon does, in its time, and nothing is left.
HUNG = "hung"

ALL = tuple(FAMILIES)
_GONE = {
    "ENODEV",
    "ESRCH",
    "EADDRNOTAVAIL",
    "ENOENT",
    "ENXIO",
}  # what is so answered is not there, and need not be undone
_SORTS = ("link", "address", "route", "neighbour", "rule")


class Fault(NamedTuple):
    """One row: a kind with its arguments, and what families meet it.

    Shapes: `impair` is NETSTRATA_IMPAIR; `says` is what `why` says meanwhile, any of several; `taken` is whether
    somebody takes things away meanwhile; `then` is done by somebody before it is over; `stays` are lines that are there
    at the end although they were not before, which somebody else has made.
    """

    impair: str
    families: tuple[str, ...]
    course: str
    says: tuple[str, ...] = ()
    taken: bool = True
    then: str = "true"
    stays: tuple[str, ...] = ()
    slow: bool = False  # for tools/faults only


def _words(name: str) -> tuple[str, ...]:
    """Return how the errors of the kernel are told."""
    words = {
        "EPERM": ("CAP_NET_ADMIN",),
        "EEXIST": ("File exists", "is taken", "does this already", "another route"),
        "EOPNOTSUPP": ("Operation not supported", "this kernel has no"),
    }
    return words.get(name, (os.strerror(getattr(errno, name)),))


def _refusals() -> Iterator[Fault]:
    """Yield every errno: of each change on the way up, and of the first of each sort on the way down."""
    for name in get_args(Errno):
        parts = [f"refused:errno={name},times=0,during={FAULT}"]
        if name not in _GONE:
            parts += [f"refused:errno={name},of={sort},during={ENDING}" for sort in _SORTS]
        yield Fault(";".join(parts), NETWORK, REFUSED, _words(name))


def _both(kind: str) -> str:
    """Return a kind that meets the first of each sort on the way up, and on the way down."""
    return ";".join(f"{kind}:of={sort},during={during}" for sort in _SORTS for during in (FAULT, ENDING))


_LINKS = {"adr": "address", "rt": "route", "ngh": "neighbour", "port": "link"}
_MET_BY_LINKS = ("ports", "addresses", "routes", "neighbours")
_AGAIN = "; ".join(FAMILIES[name].ready for name in _MET_BY_LINKS) + "; true"
_BACK = "; ".join(f"ip link set {link}-moved name {link}" for link in _LINKS) + f"; {_AGAIN}"
_DAEMON = f"during={FAULT},times=0"


def _of_links(kind: str, more: str = "") -> str:
    return ";".join(f"{kind}:link={link},of={sort},does={'any' if sort == 'link' else 'new'}{more.format(link)}"
                    for link, sort in _LINKS.items())  # fmt: skip


FAULTS = [
    *_refusals(),
    # Between a request and its answer.
    *(Fault(f"refused-reads:errno={name},every=2,{_DAEMON}", NETWORK, SHAKEN)
      for name in ("ENOMEM", "ENOBUFS", "EPERM", "EBUSY", "EIO", "EINTR")),
    Fault(f"refused-reads:errno=ENOMEM,every=2,{_DAEMON}", NETWORK, STANDING),
    Fault(f"unsent:errno=ENOBUFS,{_DAEMON}", NETWORK, REFUSED,
          (os.strerror(errno.ENOBUFS), "there is no link", "cannot be read now")),
    Fault(f"unsent:errno=ENOMEM,n=3,during={FAULT}", NETWORK, SHAKEN),
    Fault(_both("lost-answers"), NETWORK, SHAKEN),
    Fault(f"lost-answers:times=0,during={FAULT}", NETWORK, SHAKEN),
    Fault(_both("late-answers"), NETWORK, SHAKEN),
    Fault(f"late-answers:times=0,during={FAULT}", NETWORK, SHAKEN),
    Fault(f"garbled-answers:{_DAEMON}", NETWORK, SHAKEN),
    Fault(f"torn-dumps:{_DAEMON}", NETWORK, SHAKEN),
    Fault(f"torn-dumps:{_DAEMON}", NETWORK, STANDING),
    # What is told of changes.
    *(Fault(f"{kind}:{_DAEMON}", (*NETWORK, "dhcp"), STANDING)
      for kind in ("lost-news", "double-news", "swapped-news", "garbled-news")),
    Fault(f"late-news:by_ms=100,during={FAULT}", (*NETWORK, "dhcp"), STANDING),
    Fault(f"late-news:by_ms=30,during={FAULT}", (*NETWORK, "dhcp"), SHAKEN),
    # What others do between a look and what is done because of it.
    Fault(_of_links("link-vanishes"), _MET_BY_LINKS, SHAKEN, then=_AGAIN),
    Fault(_of_links("link-is-replaced"), _MET_BY_LINKS, SHAKEN,
          then="; ".join(f"ip link del {link}" for link in _LINKS) + f"; {_AGAIN}"),
    Fault(_of_links("link-is-renamed", ",to={}-moved"), _MET_BY_LINKS, SHAKEN, then=_BACK),
    Fault(_of_links("link-falls"), _MET_BY_LINKS, SHAKEN, then=_AGAIN),
    Fault(
        "somebody-first:of=address,does=ip addr add 192.0.2.1/24 dev adr;"
        "somebody-first:of=route,does=ip route add 198.51.100.0/24 dev rt metric 5 proto static;"
        "somebody-first:of=rule,does=ip rule add priority 100 from 192.0.2.0/24 lookup 7 proto static;"
        "somebody-first:of=neighbour,does=ip neigh add 192.0.2.33 dev ngh lladdr 02:00:00:00:0a:09 nud permanent;"
        "somebody-first:of=link,does=ip link add our-bridge type bridge",
        ("links", "addresses", "routes", "rules", "neighbours"), SHAKEN,
        stays=("addr 192.0.2.1/24 dev adr", "route 198.51.100.0/24 dev rt metric 5",
               "rule 100 from 192.0.2.0/24 lookup 7", "192.0.2.33 dev ngh lladdr 02:00:00:00:0a:09 PERMANENT",
               "link our-bridge down"),
    ),
    # Files.
    *(Fault(f"file-refused:errno={name},at=open,{_DAEMON}", ("files", "resolver", "sysctls"), REFUSED,
            (os.strerror(getattr(errno, name)),))
      for name in ("ENOSPC", "EROFS", "EIO", "EDQUOT", "EACCES", "ENOMEM", "EMFILE", "ENFILE")),
    *(Fault(f"file-refused:errno={name},at=read,{_DAEMON}", ("files", "resolver", "sysctls"), STANDING)
      for name in ("EIO", "EMFILE", "ENOMEM")),
    *(Fault(f"file-refused:errno={name},at={at},during={FAULT};file-refused:errno={name},at={at},during={ENDING}",
            ("files", "resolver"), SHAKEN)
      for name in ("ENOSPC", "EIO", "EROFS") for at in ("rename", "mkdir", "remove", "link", "symlink", "rmdir")),
    *(Fault(f"file-refused:errno={name},at=read,times=3,during={ENDING}", ("files", "resolver", "sysctls"), SHAKEN)
      for name in ("EIO", "EMFILE", "ENOMEM")),
    *(Fault(f"write-refused:errno={name},{_DAEMON}", ("files", "resolver", "sysctls"), REFUSED,
            (os.strerror(getattr(errno, name)),))
      for name in ("ENOSPC", "EDQUOT", "EIO", "EINVAL")),
    Fault(f"write-refused:errno=ENOSPC,during={ENDING}", ("files", "resolver", "sysctls"), SHAKEN),
    Fault(f"short-writes:{_DAEMON}", ("files", "resolver"), SHAKEN),
    *(Fault(f"sync-refused:errno={name},{_DAEMON}", ("files", "resolver"), SHAKEN)
      for name in ("EIO", "ENOSPC", "EDQUOT")),
    Fault(f"no-room:n=1,times=0,during={FAULT}", ALL, SHAKEN),
    # Programs.
    *(Fault(f"unstarted:errno={name},{_DAEMON}", WITH_TOOLS, REFUSED, (os.strerror(getattr(errno, name)),))
      for name in ("EAGAIN", "ENOMEM", "ENOENT", "EACCES", "ENOEXEC", "EMFILE", "ENFILE", "ETXTBSY")),
    Fault(f"child-crashes:{_DAEMON}", WITH_TOOLS, REFUSED, ("SIGSEGV",)),
    Fault(f"child-fails:{_DAEMON}", WITH_TOOLS, REFUSED, ("no luck today", "status 3")),
    Fault(f"child-crashes-later:{_DAEMON}", WITH_TOOLS, REFUSED, ("SIGSEGV",)),
    Fault(f"child-crashes-done:during={FAULT}", WITH_TOOLS, SHAKEN),
    Fault(f"child-crashes-done:during={ENDING}", WITH_TOOLS, SHAKEN),
    Fault(";".join(f"child-hangs:name={name},{_DAEMON}" for name in ("nft", "iptables", "sleep")), WITH_TOOLS, HUNG),
    Fault(f"child-floods:{_DAEMON}", WITH_TOOLS, SHAKEN),
    Fault(f"child-babbles:{_DAEMON}", WITH_TOOLS, SHAKEN),
    Fault(f"child-stops:for_s=0.1,{_DAEMON}", WITH_TOOLS, SHAKEN),
    Fault(f"child-is-mute:{_DAEMON}", WITH_TOOLS, SHAKEN),
    # Descriptors, sockets, memory.
    Fault(f"no-descriptors:n=30,during={FAULT}", ALL, SHAKEN),
    Fault(f"no-descriptors:n=1,during={FAULT}", ALL, STANDING),
    *(Fault(f"socket-refused:errno={name},family=packet,{_DAEMON}", ("dhcp",), REFUSED,
            (os.strerror(getattr(errno, name)), "CAP_NET_RAW"))
      for name in ("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EPERM", "EAFNOSUPPORT")),
    *(Fault(f"socket-refused:errno={name},at=bind,family=unix,n=2,{_DAEMON}", ("sockets",), REFUSED,
            (os.strerror(getattr(errno, name)),))
      for name in ("EADDRINUSE", "EACCES", "ENOMEM")),
    *(Fault(f"socket-refused:errno={name},at=connect,family=unix,{_DAEMON}", ("sockets",), REFUSED,
            (os.strerror(getattr(errno, name)),))
      for name in ("ECONNREFUSED", "EACCES", "ENOBUFS")),
    Fault(f"no-memory:n=5,during={FAULT}", ALL, STANDING),
    Fault(f"no-memory-to-ask:{_DAEMON}", NETWORK, REFUSED, ("memory",)),
    Fault(f"no-memory-to-ask:n=2,during={FAULT}", NETWORK, STANDING),
    Fault(f"no-memory-to-hear:times=3,during={FAULT}", NETWORK, STANDING),
    Fault(f"no-memory-to-start:{_DAEMON}", WITH_TOOLS, REFUSED, ("memory",)),
    Fault(f"no-memory-for-files:{_DAEMON}", ("files", "resolver", "sysctls"), STANDING),
    Fault(f"no-memory-for-sockets:family=packet,{_DAEMON}", ("dhcp",), REFUSED, ("memory",)),
    Fault(f"no-memory-to-book:{_DAEMON}", (*NETWORK, *WITH_FILES, "sysctls"), REFUSED, ("memory",)),
    # Time.
    Fault(f"wall-clock-jumps:by_s=1e8,during={FAULT}", ALL, STANDING),
    Fault(f"wall-clock-jumps:by_s=-1e8,during={FAULT}", ALL, STANDING),
    Fault(f"boot-clock-jumps:by_s=30,during={FAULT}", ALL, STANDING),
    Fault(f"stands-still:for_s=0.2,n=3,during={FAULT}", ALL, SHAKEN),
    Fault(f"stands-still:for_s=0.2,n=2,during={FAULT}", ALL, STANDING),
    Fault(f"signal-storm:n=3,times=5,during={FAULT}", ALL, SHAKEN),
    Fault(f"signal-storm:n=2,times=5,during={FAULT}", ALL, STANDING),
    Fault(f"slow-kernel:by_ms=10,times=30,during={FAULT}", ALL, SHAKEN),
    # Packets.
    *(Fault(f"packet-refused:errno={name},{_DAEMON}", ("dhcp",), REFUSED,
            (os.strerror(getattr(errno, name)), "the link is"))
      for name in ("ENETDOWN", "ENXIO", "ENODEV", "ENOMEM", "EPERM", "EMSGSIZE", "EIO")),
    Fault(f"packet-doubled:{_DAEMON}", ("dhcp",), SHAKEN),
    Fault(f"packet-lost:during={FAULT}", ("dhcp",), SHAKEN, slow=True),  # said again after four seconds
]  # fmt: skip

# Kinds that end the daemon, or only tell: they have tests of their own.
ELSEWHERE = {"kill", "points", "settled", "fast-time"}
