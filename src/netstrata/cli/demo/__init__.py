"""`netstrata demo`: a whole network in namespaces of this machine, and a program that runs it."""

import json
import sys


def demo(as_json: bool, keep_going: bool) -> int:
    """Tell the story; return 0 if all of it came true, 1 if not, 130 if interrupted."""
    from netstrata.cli.demo.network import Network
    from netstrata.cli.demo.screen import Screen
    from netstrata.cli.demo.story import Story
    from netstrata.values import Unavailable

    screen = Screen(None if as_json else sys.stdout)
    try:
        with Network() as network:
            account = Story(network, screen).tell(keep_going)
    except Unavailable as failure:
        if as_json:
            print(json.dumps({"passed": False, "steps": [], "left_behind": [], "reason": str(failure)}))
        print(f"error: the demo {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        screen.rest()
        print("interrupted; all that was made is gone", file=sys.stderr)
        return 130
    if as_json:
        print(json.dumps(account.as_json()))
    return 0 if account.passed else 1
