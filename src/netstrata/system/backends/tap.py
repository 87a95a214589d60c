"""TAP devices.

Source: linux/if_tun.h, the kernel's Documentation/networking/tuntap.rst.
"""

import errno
import os
import pwd
from fcntl import ioctl
from struct import pack

from netstrata.system.permission import takes
from netstrata.values import Unavailable

DEVICE = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_TUNSETPERSIST = 0x400454CB
_TUNSETOWNER = 0x400454CC
_IFF_TAP = 0x0002
_NAME_BYTES = 15


def make_tap(name: str, user: str) -> None:
    """Make a TAP device that outlives this call, and let a user open it; or take over one that is there.

    Raises: Unavailable.
    """
    operation = f"make the TAP device {name}"
    try:
        owner = pwd.getpwnam(user).pw_uid
    except KeyError:
        raise Unavailable(operation, f"there is no user {user}") from None
    try:
        descriptor = _attached(name)
        try:
            ioctl(descriptor, _TUNSETOWNER, owner)
            ioctl(descriptor, _TUNSETPERSIST, 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = "somebody uses a device of that name" if error.errno == errno.EBUSY else error.strerror
        if error.errno == errno.EPERM:
            reason = takes("CAP_NET_ADMIN")
        raise Unavailable(operation, reason or str(error), error.errno or 0) from None


def remove_tap(name: str) -> None:
    """Let a TAP device go when nobody uses it any more.

    Raises: OSError.
    """
    descriptor = _attached(name)
    try:
        ioctl(descriptor, _TUNSETPERSIST, 0)
    finally:
        os.close(descriptor)


def _attached(name: str) -> int:
    encoded = os.fsencode(name)
    if len(encoded) > _NAME_BYTES:
        raise OSError(errno.EINVAL, f"its name is longer than {_NAME_BYTES} bytes")
    if not encoded or b"%" in encoded:  # for which the kernel would choose a name
        raise OSError(errno.EINVAL, "its name is no whole name")
    descriptor = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    try:
        ioctl(descriptor, _TUNSETIFF, pack("16sH22x", encoded, _IFF_TAP))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
