"""Questions to name servers over one link: the machine's own resolver has no part in it."""

import socket
from asyncio import get_running_loop, timeout
from random import SystemRandom
from typing import Final

from netstrata.protocols.dns_messages import (
    AAAA,
    LARGEST,
    NOERROR,
    NS,
    NXDOMAIN,
    A,
    DnsAnswer,
    encode_question,
    read_answer,
)
from netstrata.system.bound_socket import bound_socket, reason_of

_PORT: Final = 53
_AGAIN_S: Final = 1.0  # until the next server is asked, or the same once more
_ROUNDS: Final = 4
_CHANCE: Final = SystemRandom()
KINDS: Final = {4: A, 6: AAAA}


class QuestionFailed(Exception):
    """A question was not answered as it should be: what came instead, in words."""


async def ask_server(link: str, server: str, name: str, kind: int) -> DnsAnswer:
    """Ask one server once over a link, and wait for its answer as long as that takes.

    Each question has a socket, and so a port and an address, of its own.  Without a link, routes decide.
    Raises: OSError.
    """
    loop = get_running_loop()
    question = encode_question(_CHANCE.getrandbits(16), name, kind)
    with bound_socket(link, 6 if ":" in server else 4, socket.SOCK_DGRAM) as asking:
        await loop.sock_connect(asking, (server, _PORT))
        await loop.sock_sendall(asking, question)
        while True:
            answer = read_answer(await loop.sock_recv(asking, LARGEST), question)
            if answer is not None:
                return answer


async def know_server(link: str, server: str, name: str, family: int) -> None:
    """Have a server say that it knows a name, or that nobody does; the root's servers, if there is no name.

    A server that answers anything else is there, but gets no further itself: as a router does whose line is dead.
    Raises: QuestionFailed.
    """
    try:
        answer = await ask_server(link, server, name, KINDS[family] if name else NS)
    except OSError as error:
        raise QuestionFailed(f"name server {server}: {reason_of(error)}") from None
    if answer.code not in (NOERROR, NXDOMAIN):
        raise QuestionFailed(f"name server {server} answers {answer.word}")


async def addresses_of(link: str, servers: tuple[str, ...], name: str, family: int) -> list[bytes]:
    """Return the addresses of a name, of one family: as the first server says that knows.

    Raises: QuestionFailed.
    """
    said = {server: f"no answer from name server {server}" for server in servers}
    for server in servers * _ROUNDS:
        try:
            async with timeout(_AGAIN_S):
                answer = await ask_server(link, server, name, KINDS[family])
        except TimeoutError:
            continue
        except OSError as error:
            said[server] = f"name server {server}: {reason_of(error)}"
            continue
        if answer.code == NOERROR and answer.addresses:
            return list(answer.addresses)
        what = "no address" if answer.code == NOERROR else answer.word
        said[server] = f"name server {server} answers {what} for {name}"
        if answer.code in (NOERROR, NXDOMAIN):
            break
    raise QuestionFailed("; ".join(said.values()))
