"""Ask name servers once, each over its link, and say what came of it: all at a time, and for a bounded one."""

import asyncio
from typing import Final

from netstrata.protocols.dns_messages import NOERROR, NS, NXDOMAIN, REFUSED, SOA
from netstrata.system.probes.name_servers import ask_server
from netstrata.values import parse_address

LONGEST_S: Final = 2.0
MOST: Final = 64  # servers that are asked at a time
Asked = tuple[str, str, str]  # a server's address, perhaps with a zone; its link or ""; a domain of its own or ""


async def ask_all(servers: list[Asked]) -> dict[Asked, str]:
    """Ask servers, and return in words what each has answered."""
    chosen = list(dict.fromkeys(servers))[:MOST]
    return dict(zip(chosen, await asyncio.gather(*(_ask(*one) for one in chosen)), strict=True))


async def _ask(server: str, link: str, domain: str) -> str:
    """Ask for the root, or for the domain that it knows."""
    loop = asyncio.get_running_loop()
    address, _, zone = server.partition("%")
    if parse_address(address.encode("utf-8", "surrogateescape")) is None:  # whoever looked it up would hold us up
        return "cannot be asked: it is no address"
    begun = loop.time()
    try:
        async with asyncio.timeout(LONGEST_S):
            answer = await ask_server(link or zone, address, domain, SOA if domain else NS)
    except TimeoutError:
        return "no answer"
    except ConnectionRefusedError:
        return "no server there"
    except OSError as error:
        return f"cannot be asked: {error.strerror or error}"
    took_ms = (loop.time() - begun) * 1000
    if answer.code == REFUSED:
        return "refused"
    if answer.code in (NOERROR, NXDOMAIN):
        return f"answered in {took_ms:.0f} ms"
    return f"answered {answer.word} in {took_ms:.0f} ms"
