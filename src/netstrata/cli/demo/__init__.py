"""`netstrata demo`: a whole network in namespaces of this machine, and a program that runs it."""

import json
import sys

USAGE = """usage: netstrata demo [--json] [--keep-going]

Builds a laptop with two uplinks, three routers and an internet out of namespaces, runs a program on the laptop, and
pulls cables.  Nothing outside is touched.

  --json        print one JSON object at the end, and nothing else
  --keep-going  go on with the story after a step that failed
"""


def main(words: list[str]) -> int:
    """Tell the story; return 0 if all of it came true, 1 if not, 2 for bad usage."""
    if "-h" in words or "--help" in words:
        print(USAGE, end="")
        return 0
    unknown = [word for word in words if word not in ("--json", "--keep-going")]
    if unknown:
        print(f"error: netstrata demo does not know {unknown[0]!r}\n\n{USAGE}", end="", file=sys.stderr)
        return 2
    return _told("--json" in words, "--keep-going" in words)


def _told(as_json: bool, keep_going: bool) -> int:
    from netstrata.cli.demo.network import Network
    from netstrata.cli.demo.screen import Screen
    from netstrata.cli.demo.story import Story
    from netstrata.values import Unavailable

    screen = Screen(None if as_json else sys.stdout)
    try:
        with Network() as network:
            account = Story(network, screen).tell(keep_going)
    except Unavailable as failure:
        print(f"error: the demo {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        screen.rest()
        print("interrupted; all that was made is gone", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps(account.as_json()))
    return 0 if account.passed else 1
