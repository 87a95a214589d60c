"""A lease as a text, whole: the client after this one goes on with it where this one was."""

from netstrata.protocols.dhcpv4 import Bound
from netstrata.system.dhcp.driver.record import read_record, write_record


def write_lease(lease: Bound) -> bytes:
    """Return a lease as text."""
    return write_record(lease)


def read_lease(text: bytes) -> Bound | None:
    """Return what was written; None if nobody can have written that."""
    found = read_record(text, Bound)
    if found is None:
        return None
    grant = found.grant
    sizes = {len(grant.address), len(grant.server), len(grant.gateway or bytes(4))}
    return found if sizes == {4} and 0 <= grant.prefix <= 32 else None
