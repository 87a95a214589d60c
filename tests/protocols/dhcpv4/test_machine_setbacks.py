"""The client as a machine against servers that take back what they gave: it slows down, and says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.protocols.dhcpv4.test_machine import ADDRESS, CARELESS, SERVER, SERVER_MAC, XID, reply

from netstrata.protocols import dhcpv4 as d

OTHER_ROUTER = bytes((192, 0, 2, 2))
HOUR = 3600.0
Server = Callable[[d.Message, float], d.Event | None]  # what it says to a message that it hears at a time


class Story:
    """A client and a server on a clock that jumps to the next wake."""

    def __init__(self, server: Server, client: d.Client = CARELESS) -> None:
        self._server = server
        self._client = client
        self._due = 0.0
        self.now = 0.0
        self.state: d.State = d.Idle()
        self.sent: list[float] = []
        self.ups: list[float] = []
        self.lines: list[str] = []
        self.kept = 0
        self._happens(d.Start(b""))

    def run(self, until: float) -> Story:
        while self._due < until:
            self.now = self._due
            self._happens(d.Timeout())
        return self

    def _happens(self, event: d.Event) -> None:
        taken = d.step(self._client, self.state, event, self.now, 0.5)
        self.state = taken.state
        answers = []
        for effect in taken.effects:
            if isinstance(effect, d.Send):
                self.sent.append(self.now)
                answers.append(self._server(d.decode(effect.payload), self.now))
            elif isinstance(effect, d.Wake):
                self._due = self.now + effect.after
            elif isinstance(effect, d.Granted):
                self.ups.append(self.now)
            elif isinstance(effect, d.Remember):
                self.kept += 1
            elif isinstance(effect, d.Note):
                self.lines.append(effect.line)
            elif isinstance(effect, d.Lost):
                self.lines.append(f"lost: {effect.reason}")
            elif isinstance(effect, d.Probe):
                answers.append(d.Conflict(SERVER_MAC))
        for answer in answers:
            if answer is not None:
                self._happens(answer)


def grants(message: d.Message, seconds: int = 1, router: bytes = SERVER) -> d.Event | None:
    kinds: dict[bytes, type[d.Offer] | type[d.Ack]] = {b"\1": d.Offer, b"\3": d.Ack}
    kind = kinds.get(message.options[53])
    return kind(reply(xid=message.xid, seconds=seconds, routers=(router,)), SERVER_MAC) if kind else None


def refusing_all(message: d.Message, now: float) -> d.Event | None:
    if message.options[53] == b"\3":
        return d.Nak(reply(6, xid=message.xid), SERVER_MAC)
    return grants(message)


def refusing_renewals(message: d.Message, now: float) -> d.Event | None:
    if message.client != bytes(4):
        return d.Nak(reply(6, xid=message.xid, text="no more"), SERVER_MAC)
    return grants(message)


def refusing_the_second_renewal(message: d.Message, now: float) -> d.Event | None:
    if message.client != bytes(4) and int(now * 2) % 2:
        return d.Nak(reply(6, xid=message.xid), SERVER_MAC)
    return grants(message)


def deaf_to_renewals(message: d.Message, now: float) -> d.Event | None:
    return grants(message) if message.client == bytes(4) else None


def changing_its_terms(message: d.Message, now: float) -> d.Event | None:
    return grants(message, router=bytes((192, 0, 2, 1 + int(now * 100) % 200)))


SERVERS = [refusing_all, refusing_renewals, refusing_the_second_renewal, deaf_to_renewals, changing_its_terms]


@pytest.mark.parametrize("server", SERVERS)
def test_a_lease_does_not_go_up_and_down_forever_at_the_pace_of_its_server(server: Server) -> None:
    story = Story(server).run(HOUR)

    assert len(story.ups) < 80
    assert len([up for up in story.ups if up > HOUR - 200]) <= 4


@pytest.mark.parametrize("server", SERVERS[:-1])
def test_a_server_that_takes_everything_back_is_asked_ever_more_rarely(server: Server) -> None:
    story = Story(server).run(HOUR)

    assert len([at for at in story.sent if at > HOUR - 200]) <= 40


def test_people_are_told_when_the_next_try_is() -> None:
    story = Story(refusing_renewals).run(10)

    losses = [line for line in story.lines if line.startswith("lost")]
    assert losses[:3] == [
        "lost: 192.0.2.1 takes 192.0.2.50 back (NAK): no more",
        "lost: 192.0.2.1 takes 192.0.2.50 back (NAK): no more; next try in 1 s",
        "lost: 192.0.2.1 takes 192.0.2.50 back (NAK): no more; next try in 2 s",
    ]


def test_people_are_told_when_the_next_try_is_after_a_nak_of_an_offer() -> None:
    story = Story(refusing_all).run(10)

    assert "dhcp: NAK of 192.0.2.50 from 192.0.2.1; next try in 1 s" in story.lines


def test_a_lease_of_a_second_is_renewed_as_long_as_it_is_granted_and_told_once() -> None:
    story = Story(lambda message, now: grants(message)).run(60)

    assert (len(story.ups), story.kept) == (1, 1)
    assert len(story.sent) < 130
    assert story.lines == [
        "dhcp: DISCOVER",
        "dhcp: OFFER of 192.0.2.50 from 192.0.2.1; REQUEST",
        "dhcp: ACK of 192.0.2.50/24 from 192.0.2.1, for 1 s: it is renewed every 0.49 s, which is not told",
    ]


def test_terms_that_change_once_are_taken_at_once_and_again_only_later() -> None:
    story = Story(changing_its_terms).run(20)

    gaps = [later - up for up, later in zip(story.ups, story.ups[1:], strict=False)]
    assert gaps[0] < 0.6
    assert gaps == sorted(gaps)
    assert any("; they have changed 3 times, and stay for 2 s now" in line for line in story.lines)


def test_what_went_well_for_long_begins_anew_with_its_setbacks() -> None:
    """A server that was restarted says NAK; a day later it is again: both times the next lease is there at once."""
    grant = d.Grant(ADDRESS, 24, SERVER, (), b"", (), SERVER, SERVER_MAC, 0.0, 50.0, 87.5, 100.0)
    nak = d.Nak(reply(6), SERVER_MAC)

    soon = d.step(CARELESS, d.Renewing(grant, d.Standing(0.0, 3), XID, 50.0, 50.0), nak, 60.0, 0.5)
    late = d.step(CARELESS, d.Renewing(grant, d.Standing(0.0, 3), XID, 50.0, 50.0), nak, 200.0, 0.5)

    assert soon.state == d.Pausing(4)
    assert isinstance(late.state, d.Selecting)


def test_conflicts_beside_the_use_of_an_address_are_declined_ever_more_rarely() -> None:
    story = Story(lambda message, now: grants(message, 1000), CARELESS._replace(conflict_check="beside")).run(HOUR)

    gaps = [later - up for up, later in zip(story.ups, story.ups[1:], strict=False)]
    assert [round(gap) for gap in gaps[:4]] == [10, 21, 42, 67]
