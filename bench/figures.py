"""`python bench/figures.py`: the figures that README quotes, as one JSON object.

Runs in a network namespace of its own; needs root, or a kernel that lets users make namespaces.
"""

import json
import sys

from space import in_own_namespace


def main() -> None:
    """Measure everything, or what is named on the command line: routes, links, carrier, start."""
    in_own_namespace()
    import carrier
    import links
    import routes
    import start

    wanted = sys.argv[1:] or ["start", "carrier", "routes", "links"]
    found: dict[str, object] = {}
    if "start" in wanted:
        found["start"] = start.measure()
    if "carrier" in wanted:
        found["carrier"] = carrier.measure()
    if "routes" in wanted:
        found["routes"] = [routes.measure(1_000), routes.measure(10_000)]
    if "links" in wanted:
        found["links"] = [links.measure("bridge", 500), links.measure("veth", 500)]
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
