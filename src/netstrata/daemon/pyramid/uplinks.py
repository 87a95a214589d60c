"""Uplinks in words: which is preferred, and why that one."""

import time
from collections.abc import Sequence

from netstrata.contract.shapes.gateway import KINDS
from netstrata.ports.gateways import UplinkFacts

_FAMILIES = {4: "IPv4", 6: "IPv6"}


def preferred_of(uplinks: Sequence[UplinkFacts]) -> str:
    """Return which of one family's uplinks is preferred and why, in one sentence: the best is first of them."""
    if not uplinks:
        return ""
    best = uplinks[0]
    if best.is_preferred and len(uplinks) == 1:
        return f"{best.gateway.link} is preferred: it is the only uplink for {_FAMILIES[best.gateway.family]}"
    chosen = next((one for one in uplinks if one.is_preferred), None)
    told = [_of_best(best, uplinks[1:]), *map(_of_other, uplinks[1:])]
    if chosen is not None:
        told = [f"{chosen.gateway.link} is preferred: {told[0]}", *told[1:]]
    else:
        problem = next((one.problem for one in uplinks if one.problem), "the kernel has no route over any of them")
        told = [f"no uplink is preferred: {problem}", *told]
    return "; ".join(told)


def state_of(uplink: UplinkFacts) -> str:
    """Return how it stands, in one word: preferred, silent, unusable or ready."""
    if uplink.is_preferred:
        return "preferred"
    if not uplink.is_usable:
        return "unusable"
    return "silent" if uplink.answered is not None and not uplink.answered.gets_through else "ready"


def _of_best(best: UplinkFacts, others: Sequence[UplinkFacts]) -> str:
    gateway = best.gateway
    told = f"{gateway.link} has preference {gateway.preference}"
    second = next(iter(others), None)
    if second is not None and second.gateway.preference == gateway.preference and _is_alike(best, second):
        told += f", as {second.gateway.link}, and {_why_before(best, second)}"
    probed = _probed(best)
    return f"{told}, and {probed}" if probed else told


def _why_before(best: UplinkFacts, second: UplinkFacts) -> str:
    """Return why one of two with the same preference is the better one."""
    kind, other = best.gateway.kind, second.gateway.kind
    if KINDS.index(kind) != KINDS.index(other):
        return f"{kind} comes before {other}"
    if best.signal_dbm != second.signal_dbm:
        return f"its signal is {_signal(best)}, that of {second.gateway.link} {_signal(second)}"
    return "was there first"


def _signal(uplink: UplinkFacts) -> str:
    return "not known" if uplink.signal_dbm is None else f"{uplink.signal_dbm:.0f} dBm"


def _of_other(uplink: UplinkFacts) -> str:
    told = f"{uplink.gateway.link} ({uplink.gateway.preference})"
    if not uplink.is_usable:
        return f"{told} has no route in the kernel"
    return f"{told} {_probed(uplink) or 'is not probed'}"


def _probed(uplink: UplinkFacts) -> str:
    answered = uplink.answered
    if answered is None:
        return ""
    if answered.gets_through:
        return "gets through"
    return f"does not get through since {time.strftime('%H:%M:%S', time.localtime(answered.since))}"


def _is_alike(one: UplinkFacts, other: UplinkFacts) -> bool:
    """Say whether nothing but their kinds, and who came first, tells them apart."""
    dead = [uplink.answered is not None and not uplink.answered.gets_through for uplink in (one, other)]
    return other.is_usable and dead[0] == dead[1]
