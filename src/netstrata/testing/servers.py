"""Servers for a lab, and a client to ask them."""

import contextlib
import socket
import threading
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from netstrata.values import Unavailable


def dnsmasq_words(
    link: str,
    addresses: tuple[str, str],
    router: str,
    dns: str,
    lease_s: int,
    options: Sequence[str],
    names: Mapping[str, str],
) -> list[str]:
    """Return the command of a dnsmasq that serves one link, and touches no file but its leases below /run.

    Source: dnsmasq(8).
    """
    words = [
        "dnsmasq",
        "--no-daemon",
        "--conf-file=/dev/null",
        "--pid-file=",
        "--log-facility=-",
        f"--interface={link}",
        "--bind-interfaces",
        "--except-interface=lo",
        "--no-ping",
        "--dhcp-authoritative",
        f"--dhcp-leasefile=/run/dnsmasq.{link}.leases",
        f"--dhcp-range={addresses[0]},{addresses[1]},{lease_s}",
        f"--dhcp-option=option:router{',' if router else ''}{router}",
        f"--dhcp-option=option:dns-server{',' if dns else ''}{dns}",
        "--no-resolv",
        "--no-hosts",
    ]
    words.extend(f"--dhcp-option={option}" for option in options)
    words.extend(f"--address=/{name}/{address}" for name, address in names.items())
    if not names:
        words.append("--port=0")
    return words


class PageServer:
    """Answers every HTTP request on a listening socket with one page, from a thread."""

    __slots__ = ("_listener", "_text", "_thread", "requests")

    def __init__(self, listener: socket.socket, text: str) -> None:
        """Begin to serve."""
        self._text = text
        self._listener = listener
        self.requests = 0
        self._thread = threading.Thread(target=self._serve, name="page", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, client = self._listener.accept()
            except OSError:  # closed
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(30)
                asked = b""
                while b"\r\n\r\n" not in asked and (more := connection.recv(4096)):
                    asked += more
                self.requests += 1
                connection.sendall(_answer(self._text.replace("{client}", client[0])))

    def close(self) -> None:
        """Stop serving."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


def _answer(text: str) -> bytes:
    body = text.encode()
    return b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def fetch(url: str, timeout_s: float) -> str:
    """Return the page at an HTTP address.

    Raises: Unavailable.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    got = b""
    try:
        with socket.create_connection((host, parts.port or 80), timeout_s) as connection:
            connection.sendall(f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            while more := connection.recv(65536):
                got += more
    except OSError as failure:
        raise Unavailable(f"fetch {url}", str(failure), failure.errno or 0) from None
    head, _, body = got.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0]
    if b" 200 " not in status:
        raise Unavailable(f"fetch {url}", status.decode(errors="replace") or "the server said nothing")
    return body.decode(errors="replace")
