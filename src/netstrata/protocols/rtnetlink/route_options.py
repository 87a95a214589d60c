"""What `net.route` takes: the options of a route, and of each of its ways.  Source: ip-route(8)."""

from typing import Annotated, Any

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import LINK, METRIC
from netstrata.contract.shapes.link import ADDRESS, SWITCH, TABLE_ID, choice, whole
from netstrata.contract.shapes.route import ROUTE_KIND, TOS
from netstrata.protocols.rtnetlink.constants import RT_SCOPE_HOST, RT_SCOPE_LINK, RT_SCOPE_UNIVERSE
from netstrata.protocols.rtnetlink.route_metrics import METRICS
from netstrata.values import List, Refused, Value

SCOPE = choice("a scope", {"global": RT_SCOPE_UNIVERSE, "site": 200, "link": RT_SCOPE_LINK, "host": RT_SCOPE_HOST})
_HOP = OptionsShape(
    "options of a next hop", {"dev": LINK, "onlink": SWITCH, "via": ADDRESS, "weight": whole("a weight", 1, 256)},
    ('["via": "192.0.2.1", "weight": "2"]', '["dev": "eth0"]'), ('["via": "eth0"]', '["weight": "0"]', "{}"),
)  # fmt: skip


def _hops(value: Value) -> list[Options] | None:
    found = [_HOP.read(one) for one in value.elements()] if isinstance(value, List) else []
    hops = [hop for hop in found if hop is not None and ("via" in hop or "dev" in hop)]
    return hops if len(hops) == len(found) and hops else None


def _write_hops(hops: list[Options]) -> Value:
    return List([_HOP.write(hop) for hop in hops])


def _explain_hops(value: Value) -> Refused | None:
    """Say which next hop is wrong, and why."""
    for at, one in enumerate(value.elements() if isinstance(value, List) else []):
        hop = _HOP.read(one)
        if hop is None:
            wrong = _HOP.refusal(0, one)
            return Refused(f"next hop {at + 1}: {wrong.message}", hint=wrong.hint, within=(at, *wrong.within))
        if "via" not in hop and "dev" not in hop:
            return Refused(f"next hop {at + 1}: it needs `via` or `dev`", within=(at,))
    return None


NEXTHOPS = Shape[list[Options]](
    "next hops", f"a list of {_HOP.means}, such as " + '{["via": "192.0.2.1", "weight": "2"], ["via": "192.0.2.9"]}',
    _hops, _write_hops, ('{["via": "192.0.2.1", "weight": "2"], ["dev": "eth0"]}',),
    ("{}", '["via": "192.0.2.1"]', '{["weight": "2"]}', '{["via": "eth0"]}'), explain=_explain_hops,
)  # fmt: skip
_KNOWN: dict[str, Shape[Any]] = {
    **{word: row.shape for word, row in METRICS.items()},
    "dev": LINK, "metric": METRIC, "nexthops": NEXTHOPS, "onlink": SWITCH, "scope": SCOPE, "src": ADDRESS,
    "table": TABLE_ID, "tos": TOS, "type": ROUTE_KIND, "via": ADDRESS,
}  # fmt: skip
ROUTE_OPTIONS = OptionsShape(
    "route options",
    _KNOWN,
    (
        '["via": "192.0.2.1", "dev": "eth0", "metric": "5"]', '["type": "unreachable"]', '["dev": "eth0"]',
        '["nexthops": {["via": "192.0.2.1", "weight": "2"], ["via": "192.0.2.9"]}]',
        '["type": "local", "dev": "lo", "table": "wan"]', '["via": "192.0.2.1", "advmss": "1300", "initcwnd": "20"]',
    ),
    ('["gateway": "192.0.2.1"]', '["via": "eth0"]', "{}", '["nexthops": {}]', '["mtu": "65535"]'),
)  # fmt: skip
RouteOptions = Annotated[Options, ROUTE_OPTIONS]
