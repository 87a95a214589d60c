"""A DHCPv6 lease as a text: for the client after a crash, on the same clock, and for the one after a restart.

The second is a hint, never a truth: whoever can write the file may write anything.
"""

from math import isnan

from netstrata.protocols.dhcpv6 import Bound, Lease, shifted
from netstrata.system.dhcp.driver.record import read_record, write_record


def write_held(lease: Bound) -> bytes:
    """Return a lease that is held, with what a program was told of it."""
    return write_record(lease)


def read_held(text: bytes) -> Bound | None:
    """Return what was written; None if nobody can have written that."""
    found = read_record(text, Bound)
    if found is None or not _makes_sense(found.lease):
        return None
    terms = found.standing.terms
    return found if all(len(address) == 16 for address, _ in (*terms.addresses, *terms.prefixes)) else None


def write_kept(lease: Lease, since_1970: float) -> bytes:
    """Return a lease by the clock on the wall, which is so many seconds before the one that it is of."""
    return write_record(shifted(lease, since_1970))


def read_kept(text: bytes, since_1970: float) -> Lease | None:
    """Return what was kept; None if there is nothing, or nothing that makes sense."""
    found = read_record(text, Lease)
    return shifted(found, -since_1970) if found is not None and _makes_sense(found) else None


def _makes_sense(lease: Lease) -> bool:
    every = (*lease.addresses, *lease.prefixes, *lease.replaced)
    times = [lease.since, lease.renew_at, lease.rebind_at]
    times += [time for one in every for time in (one.preferred_until, one.valid_until)]
    sized = all(len(one.address) == 16 and 0 < one.prefix <= 128 for one in every)
    return sized and all(one.prefix == 128 for one in lease.addresses) and not any(map(isnan, times))
