"""Peers added to a WireGuard link, and one of them changed: how long, and what is said about which peers.

    python bench/wireguard.py [PEERS]

Runs as root, in a lab; prints JSON.  WireGuard is wireguard-go's: what is said to it goes through a socket of ours,
which counts.  Beside it, the same is done by `wg setconf` and `wg syncconf`.  What is asked of wireguard-go and what it
does itself is in all times; the daemon's second one begins when its file is written, and has `netstrata reload` in it.
"""

import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

SOURCES = Path(__file__).parents[1] / "src"
ENVIRONMENT = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
GO = {"WG_PROCESS_FOREGROUND": "1", "LOG_LEVEL": "error", "PATH": ENVIRONMENT["PATH"]}


class Spy:
    """Stands before a socket of wireguard-go, and counts changes and the peers that they name."""

    def __init__(self, path: str) -> None:
        self._behind = f"{path}.behind"
        os.rename(path, self._behind)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self.changes = self.peers = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """Count no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def taken(self) -> dict[str, int]:
        """Return what was counted, and begin again."""
        found = {"changes": self.changes, "peers named": self.peers}
        self.changes = self.peers = 0
        return found

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # it is closed
                return
            with client, socket.socket(socket.AF_UNIX) as server:
                question = b""
                while not question.endswith(b"\n\n"):
                    piece = client.recv(1 << 16)
                    if not piece:
                        break
                    question += piece
                if not question.endswith(b"\n\n"):
                    continue
                if question.startswith(b"set="):
                    self.changes += 1
                    self.peers += question.count(b"public_key=")
                server.connect(self._behind)
                server.sendall(question)
                answer = b""
                while not answer.endswith(b"\n\n"):
                    answer += server.recv(1 << 16)
                client.sendall(answer)


def keys(count: int) -> list[str]:
    """Return public keys, each time the same."""
    drawn = random.Random(7)
    return [b64encode(drawn.randbytes(32)).decode() for _ in range(count)]


def network(number: int) -> str:
    return f"10.{66 + number // 65536}.{number // 256 % 256}.{number % 256}/32"


def program(peers: list[str], changed: int = -1) -> str:
    """Return a program with a process for each peer."""
    lines = [
        f'process p{number} {{ vpn.wireguard.peer("wg0", "{key}", ["allowed_ips": {{"{network(number)}"}},'
        f' "keepalive": "{26 if number == changed else 25}"]); }}'
        for number, key in enumerate(peers)
    ]
    return "\n".join(lines)


def configuration(peers: list[str], changed: int = -1) -> str:
    """Return the same as wg wants it."""
    key = b64encode(bytes([7]) * 32).decode()
    lines = [f"[Interface]\nPrivateKey = {key}\nListenPort = 51820\n"]
    lines += [
        f"[Peer]\nPublicKey = {key}\nAllowedIPs = {network(number)}\n"
        f"PersistentKeepalive = {26 if number == changed else 25}\n"
        for number, key in enumerate(peers)
    ]
    return "\n".join(lines)


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return round(time.perf_counter() - begin, 3)


def device(host: Host) -> Spy:
    """Make wg0, with nothing on it."""
    host.start(["wireguard-go", "-f", "wg0"], GO)
    path = "/run/wireguard/wg0.sock"
    wait_until("wg0", lambda: host.call(lambda: os.path.exists(path)))
    return host.call(lambda: Spy(path))


def keepalives(host: Host) -> list[str]:
    return [line.split()[1] for line in host.run("wg", "show", "wg0", "persistent-keepalive").splitlines()]


def by_daemon(host: Host, folder: Path, peers: list[str]) -> dict[str, object]:
    spy = device(host)
    host.write("/run/one.conf", configuration([]))
    host.run("wg", "setconf", "wg0", "/run/one.conf")
    spy.taken()
    file = folder / "x.ncd"
    file.write_text('process first { println("begun"); }')
    words = [sys.executable, "-m", "netstrata", "run", str(file), "--control", str(folder / "control")]
    daemon = host.start([*words, "--state", str(folder), "--quiet"], ENVIRONMENT)
    daemon.wait_output("begun")

    def reload() -> None:
        done = host.start(
            [sys.executable, "-m", "netstrata", "reload", "--control", str(folder / "control")], ENVIRONMENT
        )
        assert done.status() == 0, done.output()

    def add() -> None:
        file.write_text(program(peers))
        reload()
        wait_until("all peers", lambda: spy.peers >= len(peers))

    def change() -> None:
        file.write_text(program(peers, len(peers) // 2))
        reload()
        wait_until("the change", lambda: spy.changes >= 1)

    added_s, added = seconds(add), spy.taken()
    assert sorted(keepalives(host)) == ["25"] * len(peers)
    changed_s, changed = seconds(change), spy.taken()
    assert sorted(keepalives(host)) == ["25"] * (len(peers) - 1) + ["26"]
    daemon.end()
    spy.close()
    return {"added": {"seconds": added_s, **added}, "one changed": {"seconds": changed_s, **changed}}


def by_wg(host: Host, peers: list[str]) -> dict[str, object]:
    spy = device(host)
    host.write("/run/one.conf", configuration(peers))
    added_s, added = seconds(lambda: host.run("wg", "setconf", "wg0", "/run/one.conf")), spy.taken()
    host.write("/run/one.conf", configuration(peers, len(peers) // 2))
    changed_s, changed = seconds(lambda: host.run("wg", "syncconf", "wg0", "/run/one.conf")), spy.taken()
    assert sorted(keepalives(host)) == ["25"] * (len(peers) - 1) + ["26"]
    spy.close()
    return {"added": {"seconds": added_s, **added}, "one changed": {"seconds": changed_s, **changed}}


def main() -> None:
    peers = keys(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    with Lab() as lab, tempfile.TemporaryDirectory() as folder:
        results = {
            "peers": len(peers),
            "netstrata": by_daemon(lab.host("ours"), Path(folder), peers),
            "wg setconf, syncconf": by_wg(lab.host("theirs"), peers),
        }
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
