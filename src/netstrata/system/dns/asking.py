"""Ask name servers once, each over its link, and say what came of it: all at a time, and for a bounded one."""

import asyncio
import os
import socket
from typing import Final

from netstrata.protocols.dns_question import (
    LONGEST,
    NO_SUCH_NAME,
    NS,
    PORT,
    RCODES,
    REFUSED,
    SOA,
    answer_code,
    question,
)

LONGEST_S: Final = 2.0
MOST: Final = 64  # servers that are asked at a time
Asked = tuple[bytes, str, bytes]  # a server's address, perhaps with a zone; its link or ""; a domain of its own or b""


async def ask_all(servers: list[Asked]) -> dict[Asked, str]:
    """Ask servers, and return in words what each has answered."""
    chosen = list(dict.fromkeys(servers))[:MOST]
    return dict(zip(chosen, await asyncio.gather(*(_ask(*one) for one in chosen)), strict=True))


async def _ask(server: bytes, link: str, domain: bytes) -> str:
    """Ask for the root, or for the domain that it knows."""
    loop = asyncio.get_running_loop()
    number = int.from_bytes(os.urandom(2), "big")
    asked = question(number, domain, SOA if domain else NS)
    address, _, zone = server.decode("ascii").partition("%")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as asking:
            over = link or zone
            if over:
                name = over.encode("utf-8", "surrogateescape")
                asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name + b"\0")
            scope = (0, socket.if_nametoindex(over) if over else 0) if family == socket.AF_INET6 else ()
            asking.connect((address, PORT, *scope))
            begun = loop.time()
            asking.send(asked)
            async with asyncio.timeout(LONGEST_S):
                code = None
                while code is None:
                    code = answer_code(await loop.sock_recv(asking, LONGEST), asked)
    except TimeoutError:
        return "no answer"
    except ConnectionRefusedError:
        return "no server there"
    except OSError as error:
        return f"cannot be asked: {error.strerror or error}"
    took_ms = (loop.time() - begun) * 1000
    if code == REFUSED:
        return "refused"
    if code in (0, NO_SUCH_NAME):
        return f"answered in {took_ms:.0f} ms"
    return f"answered {RCODES.get(code, f'code {code}')} in {took_ms:.0f} ms"
