"""What a kernel holds, as text: canonical, sorted, without what it makes by itself.

    link eth0 up carrier
    addr 192.0.2.1/24 dev eth0
    route default via 192.0.2.254 dev eth0 metric 20
    rule 100 from 192.0.2.0/24 lookup 7

Read by ip(8), which shares no code with us.
"""

import json
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]

_COMMON_RULES = {(0, "local"), (32766, "main"), (32767, "default")}
_KERNELS_OWN = {"local", "broadcast", "multicast", "anycast"}


def text_by_ip(ip: Callable[[list[str], str], str]) -> str:
    """Return one line for each link, address, route and rule, in this order.

    Shapes: ip is given its words and its input, and returns what it prints.
    """
    asked = "route show table all\nrule show\n"
    links, routes, rules = _answers(ip(["-j", "-batch", "-"], "addr show\n" + asked))
    routes6, rules6 = _answers(ip(["-6", "-j", "-batch", "-"], asked))
    lines = sorted(_link(row) for row in links if row["ifname"] != "lo")
    lines += sorted(line for row in links for line in _addresses(row))
    # Asked for all tables, ip shows routes of both families, whichever was asked for.
    lines += sorted({_route(row) for row in routes + routes6 if not _kernel_made(row)})
    lines += sorted(_rule(row) for row in rules + rules6 if (row["priority"], row.get("table")) not in _COMMON_RULES)
    return "\n".join(lines)


def _answers(text: str) -> list[list[Row]]:
    decoder = json.JSONDecoder()
    answers: list[list[Row]] = []
    at = 0
    while at < len(text):
        answer, at = decoder.raw_decode(text, at)
        answers.append([row for row in answer if row])
        while text[at : at + 1].isspace():
            at += 1
    return answers


def _link(row: Row) -> str:
    flags = row["flags"]
    words = ["link", row["ifname"]]
    if "UP" in flags:
        words += ["up", "carrier" if "LOWER_UP" in flags else "no-carrier"]
    else:
        words.append("down")
    if row["mtu"] != 1500:
        words.append(f"mtu {row['mtu']}")
    if "master" in row:
        words.append(f"master {row['master']}")
    return " ".join(words)


def _addresses(row: Row) -> list[str]:
    return [
        f"addr {found['local']}"
        + (f" peer {found['address']}" if "address" in found else "")
        + f"/{found['prefixlen']} dev {row['ifname']}"
        for found in row["addr_info"]
        if "local" in found and found["local"] not in ("127.0.0.1", "::1") and found.get("scope") != "link"
    ]


def _kernel_made(row: Row) -> bool:
    """Whether a route came with an address or a link."""
    made = row.get("protocol") == "kernel" and "gateway" not in row
    return made or row.get("type") in _KERNELS_OWN or row["dst"] == "ff00::/8"


def _route(row: Row) -> str:
    words = ["route"]
    if row.get("type", "unicast") != "unicast":
        words.append(row["type"])
    words.append(row["dst"])
    if "gateway" in row:
        words += ["via", row["gateway"]]
    elif "via" in row:
        words += ["via", row["via"]["host"]]
    for word, key in (("dev", "dev"), ("src", "prefsrc"), ("metric", "metric"), ("table", "table")):
        if key in row:
            words += [word, str(row[key])]
    for hop in row.get("nexthops", ()):
        words += ["nexthop", "via", hop.get("gateway", "none"), "dev", hop.get("dev", "none")]
    return " ".join(words)


def _rule(row: Row) -> str:
    words = ["rule", str(row["priority"])]
    for word, key in (("from", "src"), ("to", "dst"), ("iif", "iif"), ("oif", "oif"), ("fwmark", "fwmark")):
        if key in row and row[key] != "all":
            length = row.get(f"{key}len")
            words += [word, f"{row[key]}/{length}" if length is not None else str(row[key])]
    words += ["lookup", row["table"]] if "table" in row else [row.get("action", "")]
    return " ".join(words)
