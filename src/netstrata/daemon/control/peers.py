"""Who is at the other end of a control connection, and what he may do."""

import contextlib
import os
import socket
import struct
from typing import Final

from netstrata.control.verbs import CHANGE, OPERATE, READ, Peer

SO_PEERGROUPS: Final = 59
GROUP: Final = "netdev"


def peer_of(connection: socket.socket) -> Peer:
    """Return who is at the other end; source: unix(7), SO_PEERCRED."""
    pid, uid, gid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    groups = {gid}
    with contextlib.suppress(OSError):
        data = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 1024)  # Python gives no more: 256 groups
        groups.update(struct.unpack(f"{len(data) // 4}I", data))
    return Peer(uid, frozenset(groups), pid)


def right_of(peer: Peer, operators: frozenset[int]) -> int:
    """Say what somebody may do: members of some groups may steer, root and who the daemon runs as may change all.

    A program runs any command as who the daemon runs as, so who may only steer must not change it.
    """
    if peer.uid in (0, os.geteuid()):
        return CHANGE
    return OPERATE if peer.gids & operators else READ


def operator_groups() -> frozenset[int]:
    """Return the ids of the groups whose members may steer the daemon."""
    import grp

    try:
        return frozenset([grp.getgrnam(GROUP).gr_gid])
    except KeyError:
        return frozenset()
