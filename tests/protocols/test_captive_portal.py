"""What is known of captive portals, from what they say and from what comes in the place of a page."""

import pytest

from netstrata.contract.shapes.probe import PortalAnswer
from netstrata.protocols.captive_portal import FREE, PortalWatch, read_api, read_check

PAGE = "http://example.org/204"
LOGIN = PortalAnswer(True, "https://login.example/")


def test_a_portal_says_what_it_is_in_the_words_of_rfc_8908() -> None:
    said = b"""{"captive": true, "user-portal-url": "https://example.org/portal.html",
        "venue-info-url": "https://flight.example.com/entertainment", "seconds-remaining": 326,
        "can-extend-session": true}"""

    assert read_api(said) == PortalAnswer(
        True, "https://example.org/portal.html", "https://flight.example.com/entertainment", 326
    )
    assert read_api(b'{"captive": false}') == FREE
    assert read_api(b'{"captive": true, "user-portal-url": "javascript:x", "seconds-remaining": -1}') == (
        PortalAnswer(True)
    )


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"captive": "true"}', b"\xff", b"[" * 100000, b"1" * 5000]
)
def test_what_says_nothing_is_nothing(body: bytes) -> None:
    assert read_api(body) is None


def test_a_redirect_or_another_page_is_a_portals_and_an_error_says_nothing() -> None:
    assert read_check(204, True, "", PAGE) == FREE
    assert read_check(302, False, "https://login.example/", PAGE) == LOGIN
    assert read_check(302, False, "", PAGE) == PortalAnswer(True, PAGE)
    assert read_check(200, False, "", PAGE) == PortalAnswer(True, PAGE)
    assert read_check(511, False, "", PAGE) == PortalAnswer(True, PAGE)
    assert read_check(404, False, "", PAGE) is None
    assert read_check(503, False, "", PAGE) is None


@pytest.mark.parametrize(
    ("redirect", "url"),
    [
        ("/log-in?x", "http://example.org/log-in?x"),
        ("//login.example", "http://login.example/"),
        ("http://[", PAGE),
        ("//a]b/", PAGE),
        ("mailto:x", PAGE),
        ("http://login.example:99999/", PAGE),
    ],
)
def test_a_redirect_leads_to_a_page_or_to_the_one_that_was_asked_for(redirect: str, url: str) -> None:
    assert read_check(302, False, redirect, PAGE) == PortalAnswer(True, url)


def test_the_first_answer_is_believed_and_another_one_when_it_comes_twice() -> None:
    watch = PortalWatch()

    assert watch.take(LOGIN, 0.0)
    assert not watch.take(LOGIN, 10.0)
    assert not watch.take(FREE, 20.0)
    assert watch.answer == LOGIN
    assert watch.wait_s(20.0) == 1.0
    assert not watch.take(LOGIN, 21.0)
    assert not watch.take(FREE, 31.0)
    assert watch.take(FREE, 32.0)
    assert watch.answer == FREE


def test_silence_changes_nothing() -> None:
    watch = PortalWatch()
    watch.take(LOGIN, 0.0)

    assert not any(watch.take(None, at) for at in range(100))

    assert watch.answer == LOGIN
    assert not watch.guess()


def test_where_nothing_answers_there_is_no_portal_until_the_first_answer_says_so() -> None:
    watch = PortalWatch()
    assert not watch.take(None, 1.0)
    assert watch.guess()
    assert (watch.answer, watch.wait_s(5.0)) == (FREE, 1.0)

    assert watch.take(LOGIN, 6.0)

    assert watch.answer == LOGIN


def test_a_session_that_counts_down_is_no_news_and_one_that_is_extended_is() -> None:
    watch = PortalWatch()
    assert watch.take(PortalAnswer(False, seconds=600), 0.0)
    assert not watch.take(PortalAnswer(False, seconds=570), 30.0)
    assert watch.take(PortalAnswer(False, seconds=1200), 60.0)
    assert watch.wait_s(60.0) == 30.0
    assert watch.wait_s(1250.0) == 10.0
