"""What a model kernel holds, as facts: a key that says what it is about, and its value.

Left out is what the kernel makes by itself: its own routes, link-local addresses, carrier; the hardware address of a
bridge, which may take that of a port; and how long an address lasts: whoever changes that does not make it theirs.
"""

from collections.abc import Iterator
from typing import Any

from netstrata.protocols.rtnetlink.constants import NUD_PERMANENT, RT_SCOPE_LINK, RTPROT_KERNEL
from netstrata.testing.model import ModelKernel
from netstrata.testing.model.link import ModelLink
from netstrata.values import format_address

Key = tuple[Any, ...]
Facts = dict[Key, Any]
Change = tuple[Key, Any, Any]  # before and after, None where there is nothing

FIELDS = ("kind", "up", "name", "mtu", "mac", "master", "flags", "promotes", "altnames")


def facts_of(kernel: ModelKernel) -> Facts:
    """Return all facts; of a link they are one, which `changes` takes apart."""
    found: Facts = {("link", index): _link(link) for index, link in kernel.links.by_index.items()}
    for addresses in (kernel.addresses4.of_link, kernel.addresses6.of_link):
        for index, there in addresses.items():
            for one in there:
                if one.scope != RT_SCOPE_LINK:
                    found["addr", index, one.local, one.prefix] = one.peer
    for routes in (kernel.routes4, kernel.routes6):
        for number, table in routes.tables.items():
            if number == 255:
                continue
            for ways in table.values():
                for way in ways:
                    if way.protocol != RTPROT_KERNEL:
                        key = (way.destination, way.prefix, way.metric, way.type, way.gateway, way.ifindex)
                        found["route", way.family, number, *key, way.protocol] = (way.source, way.mtu, way.flags)
    for family, rules in kernel.rules.of_family.items():
        for rule in rules:
            rule_key = ("rule", family, rule.body())
            found[rule_key] = found.get(rule_key, 0) + 1
    for where, neighbour in kernel.neighbours.there.items():
        if neighbour.state & NUD_PERMANENT:
            found["neigh", *where] = (neighbour.mac, neighbour.protocol)
    return found


def changes(before: Facts, after: Facts) -> list[Change]:
    """Return what is different, each thing of a link by itself: `("field", link, "mtu")`."""
    if before == after:
        return []
    found: list[Change] = []
    for key in (*before, *(key for key in after if key not in before)):
        was, is_now = before.get(key), after.get(key)
        if was == is_now:
            continue
        if key[0] != "link":
            found.append((key, was, is_now))
            continue
        if was is None or is_now is None:
            found.append((key, was and was[0][0], is_now and is_now[0][0]))
        if is_now is None or was is not None:
            found += _fields(key[1], was, is_now)
    return found


def value_of(facts: Facts, key: Key) -> Any:
    """Return the value of one key as `changes` has it."""
    if key[0] == "link":
        link = facts.get(key)
        return link and link[0][0]
    if key[0] != "field":
        return facts.get(key)
    link = facts.get(("link", key[1]))
    return None if link is None else dict(_taken_apart(link)).get(key[2])


def about(key: Key, facts: Facts) -> Key:
    """Return a key as it is before a thing is there: a link by its name."""
    return ("link", value_of(facts, ("field", key[1], "name"))) if key[0] == "link" else key


def _link(link: ModelLink) -> tuple[Any, ...]:
    mac = link.mac if link.kind != "bridge" else b""
    return (
        (link.kind, link.up, link.name, link.mtu, mac, link.master, link.own_flags, link.promotes),
        tuple(link.altnames), tuple(link.values.items()), tuple(link.data.items()), tuple(link.port.items()),
    )  # fmt: skip


def _taken_apart(link: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    first, altnames, values, data, port = link
    yield from zip(FIELDS, (*first, altnames), strict=True)
    yield from values
    yield from ((("data", number), value) for number, value in data)
    yield from ((("port", number), value) for number, value in port)


def _fields(index: int, was: tuple[Any, ...] | None, is_now: tuple[Any, ...] | None) -> list[Change]:
    before = dict(_taken_apart(was)) if was is not None else {}
    after = dict(_taken_apart(is_now)) if is_now is not None else {}
    return [
        (("field", index, name), before.get(name), after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name) and not (is_of_port(name) and (name not in before or name not in after))
    ]


def is_of_port(name: Any) -> bool:
    """Say whether a link has something only while it is in a bridge."""
    return isinstance(name, tuple) and name[0] == "port"


def told(key: Key) -> str:
    """Return a key for people."""
    return " ".join(_word(part) for part in key)


def told_change(change: Change) -> str:
    """Return a change for people."""
    key, before, after = change
    return f"{told(key)} {before} -> {after}"


def _word(part: Any) -> str:
    if isinstance(part, bytes):
        return format_address(part).decode() if len(part) in (4, 16) else part.hex() or "-"
    return str(part)
