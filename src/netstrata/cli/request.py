"""`netstrata request`: one request to a server of requests, as NCD's badvpn-ncd-request."""

import os
import socket
import sys
from collections.abc import Iterator

from netstrata.contract.shapes.streams import TCP, UNIX, StreamAddress
from netstrata.language.valuetext import format_value, parse_value
from netstrata.protocols.requests import (
    ERROR,
    FINISHED,
    LONGEST_TEXT,
    REPLY,
    REQUEST,
    Decoder,
    Message,
    encode,
)
from netstrata.values import Refused, Unavailable, parse_address, parse_number

READ = 65536  # bytes at once
_FORMS = "such as unix:/run/control, tcp:192.0.2.1:4000 or tcp:[2001:db8::1]:4000"


def read_address(word: str) -> StreamAddress:
    """Read where a server listens.

    Raises: Refused.
    """
    kind, _, rest = word.partition(":")
    if kind == "unix" and rest:
        return StreamAddress(UNIX, path=os.fsencode(rest))
    host, _, port = rest.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    packed = parse_address(os.fsencode(host[1:-1] if bracketed else host))
    number = parse_number(os.fsencode(port), 65535)
    if kind != "tcp" or packed is None or number is None or bracketed != (len(packed) == 16):
        raise Refused(f"{word} is no address of a server", hint=_FORMS)
    return StreamAddress(TCP, packed, number)


def read_text(word: str) -> bytes:
    """Read a value, and return the text that is sent.

    Raises: Refused.
    """
    value = parse_value(os.fsencode(word))
    if value is None:
        raise Refused(f"{word} is no value", hint="""such as '"text"', '{"a", "b"}' or '["key": "value"]'""")
    text = format_value(value)
    if len(text) > LONGEST_TEXT:
        raise Refused(f"the value has {len(text)} bytes of text", hint=f"at most {LONGEST_TEXT} bytes can be sent")
    return text


def request(address: str, value: str) -> int:
    """Send one request, print each reply, and return 0 when the server has finished it, 1 otherwise."""
    try:
        where = read_address(address)
        text = read_text(value)
        for reply in replies(where, text):
            sys.stdout.buffer.write(reply + b"\n")
            sys.stdout.buffer.flush()
    except Refused as problem:
        print(f"error: {problem.message}\nhelp: {problem.hint}", file=sys.stderr)
        return 1
    except Unavailable as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


def replies(where: StreamAddress, text: bytes) -> Iterator[bytes]:
    """Send a request, and yield the text of each reply until the server has finished it.

    Raises: Unavailable, also when the server gives the request up.
    """
    operation = f"ask {where}"
    try:
        with _connected(where) as connection:
            connection.sendall(encode(Message(REQUEST, 0, text)))
            decoder = Decoder()
            while True:
                octets = connection.recv(READ)
                if not octets:
                    raise Unavailable(operation, "the server has closed the connection")
                for message in decoder.feed(octets):
                    if message.kind == FINISHED:
                        return
                    yield _reply_of(message, operation)
                if decoder.broken:
                    raise Unavailable(operation, f"the server sent {decoder.broken}")
    except BrokenPipeError:
        raise Unavailable(operation, "the server has closed the connection") from None
    except OSError as error:
        raise Unavailable(operation, error.strerror or str(error), error.errno or 0) from None


def _reply_of(message: Message, operation: str) -> bytes:
    if message.kind == ERROR:
        raise Unavailable(operation, "the server ended the request without finishing it")
    value = parse_value(message.text)
    if message.kind != REPLY or message.request != 0 or value is None:
        raise Unavailable(operation, "the server sent a message that makes no sense")
    return format_value(value)


def _connected(where: StreamAddress) -> socket.socket:
    if where.kind == UNIX:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        target: bytes | tuple[str, int] = where.path
    else:
        family = socket.AF_INET if len(where.host) == 4 else socket.AF_INET6
        connection = socket.socket(family, socket.SOCK_STREAM)
        target = (socket.inet_ntop(family, where.host), where.port)
    try:
        connection.connect(target)
    except OSError:
        connection.close()
        raise
    return connection
