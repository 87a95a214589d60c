"""An attacker: sends a control socket calls with hostile values, and garbage, and counts the answers.

python fuzz_attacker.py CONTROL MESSAGES SEED; prints `sent N dropped N unheard N`.
"""

import random
import socket
import sys

from calls import garbage, hostile_call

TOGETHER = 20  # calls on one connection, before one thing that is no call


def main() -> None:
    """Attack."""
    path, wanted, chance = sys.argv[1], int(sys.argv[2]), random.Random(int(sys.argv[3]))
    sent = dropped = unheard = 0
    while sent < wanted:
        calls = [hostile_call(chance) for _ in range(TOGETHER)]
        answers, ended = _talk(path, calls, garbage(chance))
        sent += len(calls) + 1
        if answers < len(calls):
            dropped += 1
            print(f"dropped after {answers} answers: {calls[answers]!r}", flush=True)
        unheard += not ended
    print(f"sent {sent} dropped {dropped} unheard {unheard}", flush=True)


def _talk(path: str, calls: list[bytes], last: bytes) -> tuple[int, bool]:
    """Return how many answers the calls had, and whether the daemon let go in the end."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(path)
        answers = 0
        try:
            for call in calls:
                client.sendall(call)
                if not _answer(client):
                    return answers, True
                answers += 1
            client.sendall(last)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1 << 16):
                pass
        except (BrokenPipeError, ConnectionResetError):
            return answers, True
        except TimeoutError:
            return answers, False
        return answers, True


def _answer(client: socket.socket) -> bool:
    """Read one whole answer; return whether there was one."""
    while piece := client.recv(1 << 16):
        if piece.endswith(b"\0"):
            return True
    return False


main()
