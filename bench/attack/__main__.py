"""`python bench/attack [SCENARIO ...]`: attack a daemon in a lab and say what it cost; see --help."""

import argparse
import importlib
import json
import math
import os
import sys

from measure import Figure

SCENARIOS = ("storm", "overrun", "fights", "dhcp", "flaps", "readers", "fuzz", "cycles")


def measured(name: str, scale: float) -> list[Figure]:
    """Run one scenario, with the machine's load beside what it found."""
    before = os.getloadavg()[0]
    found: list[Figure] = importlib.import_module(name).run(scale)
    return [*found, Figure("load before", round(before, 2)), Figure("load after", round(os.getloadavg()[0], 2))]


def shown(name: str, figures: list[Figure]) -> str:
    """Return a scenario's rows of the table."""
    rows = []
    for figure in figures:
        target = "" if figure.most is None else f"at most {figure.most:g}" + ("" if figure.holds else "  MISSED")
        rows.append(f"{name:10} {figure.name:34} {figure.value:>12,g} {figure.unit:14} {target}".rstrip())
    return "\n".join(rows)


def as_json(figure: Figure) -> dict[str, object]:
    """Return a figure with whether its target is met; what never happened has the value null."""
    value = figure.value if math.isfinite(figure.value) else None
    return {**figure._asdict(), "value": value, "holds": figure.holds}


def main() -> int:
    """Run what is asked for; the exit status is 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="bench/attack", description="attack a daemon in a lab; needs root")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"{', '.join(SCENARIOS)}; all if none")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of each attack: 0.01 takes seconds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    unknown = set(options.scenarios) - set(SCENARIOS)
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}: choose from {', '.join(SCENARIOS)}")
    found: dict[str, list[Figure]] = {}
    for name in options.scenarios or SCENARIOS:
        found[name] = measured(name, options.scale)
        if not options.json:
            print(shown(name, found[name]), flush=True)
    if options.json:
        print(json.dumps({name: [as_json(figure) for figure in some] for name, some in found.items()}))
    return 0 if all(figure.holds for some in found.values() for figure in some) else 1


if __name__ == "__main__":
    sys.exit(main())
