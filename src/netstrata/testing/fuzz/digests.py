"""`python -m netstrata.testing.fuzz.digests FIRST END`: how the programs of some seeds go, a line of JSON for each."""

import json
import sys

from netstrata.testing.fuzz.compare import program_of
from netstrata.testing.fuzz.outcome import outcome_of


def main() -> None:
    """Run them all."""
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        print(json.dumps([seed, outcome_of(program_of(seed)).digest]), flush=True)


if __name__ == "__main__":
    main()
