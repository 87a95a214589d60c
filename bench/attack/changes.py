"""An attacker: adds and deletes what is not ours on a link, so many changes a second, 0 for as many as go.

python changes.py routes|addresses LINK CHANGES_PER_S CHANGES; prints `begun`, and how many in how many seconds.
"""

import socket
import sys
import time

from kernel import DELADDR, DELROUTE, NEWADDR, NEWROUTE, address, open_netlink, route

PLACES = 64  # one of them at a time
AT_ONCE = 8  # sends between two looks at the clock; each is one change, as a routing daemon makes them


def main() -> None:
    """Attack."""
    what, link, rate, count = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
    ifindex = socket.if_nametoindex(link)
    places = [bytes((10, 9, number, 0)) for number in range(PLACES)]
    if what == "routes":
        requests = [route(kind, place, 24, ifindex) for place in places for kind in (NEWROUTE, DELROUTE)]
    else:
        requests = [address(kind, place, ifindex) for place in places for kind in (NEWADDR, DELADDR)]
    made, began = 0, time.monotonic()
    print("begun", flush=True)
    with open_netlink() as kernel:
        while made < count:
            passed = time.monotonic() - began
            if rate and made > passed * rate:
                time.sleep(made / rate - passed)
            for n in range(made, made + AT_ONCE):
                kernel.send(requests[n % len(requests)])
            made += AT_ONCE
    print(f"{made} changes in {time.monotonic() - began:.3f} s", flush=True)


main()
