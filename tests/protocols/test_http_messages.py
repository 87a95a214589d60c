"""Responses as they come, in whatever pieces, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.http_messages import HttpResponse, NoResponse, encode_request

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX: a\r\nX: b\r\n\r\nonline"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\non\r\n4\r\nline\r\n0\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.0 200\n\nonline"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PAGE


def fed(*pieces: bytes, wanted: int = 100) -> HttpResponse:
    response = HttpResponse(wanted)
    for piece in pieces:
        response.feed(piece)
    return response


def test_a_request_asks_for_one_page_and_nothing_after_it() -> None:
    assert encode_request("example.org:8080", "/x?y", "*/*").split(b"\r\n") == [
        b"GET /x?y HTTP/1.1", b"Host: example.org:8080", b"User-Agent: netstrata", b"Accept: */*",
        b"Cache-Control: no-cache", b"Connection: close", b"", b"",
    ]  # fmt: skip


@given(st.sampled_from([PAGE, CHUNKED, UNTIL_CLOSED, INTERIM]), st.lists(st.integers(1, 60), max_size=5))
def test_a_page_is_the_same_in_whatever_pieces_it_comes(whole: bytes, sizes: list[int]) -> None:
    response = HttpResponse(100)
    for size in sizes:
        response.feed(whole[:size])
        whole = whole[size:]
    response.feed(whole)
    if not response.is_complete:
        response.end()

    assert (response.status, bytes(response.body), response.is_complete) == (200, b"online", True)


def test_it_is_complete_with_as_much_as_is_wanted_or_all() -> None:
    assert fed(PAGE, wanted=0).is_complete
    assert fed(PAGE[:-3], wanted=3).is_complete
    assert not fed(PAGE[:-3], wanted=4).is_complete
    assert fed(b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n").is_complete
    assert fed(b"HTTP/1.1 200 OK\r\n\r\nonli", wanted=2).is_complete
    assert fed(PAGE).headers == {"content-length": "6", "x": "a"}


@pytest.mark.parametrize(
    "pieces",
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3000,),
        (b"X" * 20000,),
        tuple(b"HTTP/1.1 100 Continue\r\n\r\n" for _ in range(1000)),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nonline\r\n",),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 2000,),
    ],
)
def test_what_is_no_response_or_never_ends_is_refused(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(NoResponse):
        fed(*pieces)


def test_a_connection_that_is_closed_before_an_answer_is_no_response() -> None:
    with pytest.raises(NoResponse, match="without an answer"):
        HttpResponse(1).end()
    with pytest.raises(NoResponse, match="no HTTP"):
        fed(b"HTTP/1.1 20").end()
