"""Links whose other end is a program: made through /dev/net/tun, as rtnetlink cannot.

They are made persistent, so that they stand without a program; one may attach whenever it likes.
Source: linux/if_tun.h, Documentation/networking/tuntap.rst.
"""

import errno
import os
from collections.abc import Mapping
from fcntl import ioctl
from struct import Struct

from netstrata.protocols.rtnetlink.kinds import Given
from netstrata.system.permission import takes
from netstrata.values import Unavailable

_DEVICE = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_TUNSETPERSIST = 0x400454CB
_TUNSETOWNER = 0x400454CC
_TUNSETGROUP = 0x400454CE
_NO_PI = 0x1000
_MULTI_QUEUE = 0x0100
_VNET_HDR = 0x4000
_EXCLUSIVE = 0x8000
_REQUEST = Struct("=16sH22x")


def make_tun(name: str, options: Mapping[str, Given], operation: str) -> None:
    """Make a persistent tun or tap link.

    Raises: Unavailable.
    """
    mode = options["mode"]
    assert isinstance(mode, int)
    flags = mode | _EXCLUSIVE
    for word, bit in (("multi_queue", _MULTI_QUEUE), ("vnet_hdr", _VNET_HDR)):
        if options.get(word):
            flags |= bit
    if not options.get("pi"):
        flags |= _NO_PI
    try:
        device = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise _refusal(error, operation) from error
    try:
        ioctl(device, _TUNSETIFF, _REQUEST.pack(name.encode("utf-8", "surrogateescape"), flags))
        for word, number in (("user", _TUNSETOWNER), ("group", _TUNSETGROUP)):
            value = options.get(word)
            if isinstance(value, int):
                ioctl(device, number, value)
        ioctl(device, _TUNSETPERSIST, 1)
    except OSError as error:
        raise _refusal(error, operation) from error
    finally:
        os.close(device)


def number_of(what: str, name: str, operation: str) -> int:
    """Return the number of a user or a group, which may be given as a number.

    Raises: Unavailable if there is none of that name.
    """
    if name.isdigit() and name.isascii():
        return int(name) & 0xFFFFFFFF
    try:
        if what == "user":
            from pwd import getpwnam

            return getpwnam(name).pw_uid
        from grp import getgrnam

        return getgrnam(name).gr_gid
    except (KeyError, ValueError):
        raise Unavailable(operation, f"there is no {what} {name}", errno.ENOENT) from None


def _refusal(error: OSError, operation: str) -> Unavailable:
    number = error.errno or 0
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        reason = f"this kernel has no tun links ({_DEVICE} cannot be opened)"
    elif number == errno.EACCES:
        reason = f"not permitted: this takes leave to open {_DEVICE}"
    elif number == errno.EPERM:
        reason = takes("CAP_NET_ADMIN")
    else:
        reason = error.strerror or str(error)
    return Unavailable(operation, reason, number)
