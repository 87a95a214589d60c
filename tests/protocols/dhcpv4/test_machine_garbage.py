"""The client as a machine, and whatever a network and a clock may do to it."""

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from netstrata.protocols import dhcpv4 as d
from netstrata.protocols.dhcpv4.machine import LONGEST_WAIT

US = bytes.fromhex("020000000c01")
SERVER_MAC = bytes.fromhex("020000000501")
SERVER = bytes((192, 0, 2, 1))
OTHER_SERVER = bytes((192, 0, 2, 2))
ADDRESS = bytes((192, 0, 2, 50))
CLIENT = d.Client(US, 1500)
XID = 0x80000000  # what a chance of one half makes

GRANT = d.Grant(ADDRESS, 24, SERVER, (), b"", (), SERVER, SERVER_MAC, 0.0, 50.0, 87.5, 100.0)
STANDING = d.Standing(0.0, 0)
STATES: list[d.State] = [
    d.Idle(),
    d.Rebooting(XID, ADDRESS, 0.0, 1),
    d.Selecting(XID, b"", b"", 0.0, 1, 0),
    d.Requesting(XID, ADDRESS, SERVER, 0, 0.0, 1, 0),
    d.Probing(GRANT, 0),
    d.Bound(GRANT, STANDING),
    d.Renewing(GRANT, STANDING, XID, 50.0, 50.0),
    d.Rebinding(GRANT, STANDING, XID, 50.0, 88.0),
    d.Pausing(2),
]
REPLIES = st.builds(
    d.Reply,
    st.sampled_from([2, 5, 6]),
    st.sampled_from([XID, 1]),
    st.just(US),
    st.sampled_from([SERVER, OTHER_SERVER]),
    address=st.sampled_from([ADDRESS, SERVER]),
    prefix=st.just(24),
    seconds=st.sampled_from([1, 2, 100, 0xFFFFFFFE, 0xFFFFFFFF]),
    t1=st.none() | st.integers(0, 2**32 - 1),
    t2=st.none() | st.integers(0, 2**32 - 1),
)
MACS = st.sampled_from([US, SERVER_MAC])
ANYTHING = st.one_of(
    st.sampled_from(
        [
            d.Timeout(),
            d.Free(),
            d.Conflict(SERVER_MAC),
            d.Start(b""),
            d.Resume(ADDRESS),
            d.Continue(d.Bound(GRANT, STANDING)),
        ]
    ),
    st.builds(d.Offer, REPLIES, MACS),
    st.builds(d.Ack, REPLIES, MACS),
    st.builds(d.Nak, REPLIES, MACS),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(ANYTHING, st.floats(0, 200)), max_size=40),
    st.sampled_from(["before", "beside", "never"]),
    st.floats(0, 1, exclude_max=True),
)
def test_whatever_happens_granted_and_lost_alternate_and_there_is_always_a_next_wake(
    story: list[tuple[d.Event, float]], check: str, chance: float
) -> None:
    client = CLIENT._replace(conflict_check=check)
    state: d.State = d.Idle()
    held = False
    now = 0.0
    waiting = inf

    for event, later in [(d.Start(b""), 0.0), *story, (d.Close(), 0.0)]:
        now += later
        state, effects = d.step(client, state, event, now, chance)
        for effect in effects:
            if isinstance(effect, d.Lost):
                assert held
                held = False
            held = held or isinstance(effect, d.Granted)
            if isinstance(effect, d.Wake):
                waiting = effect.after
        assert waiting >= 0
        assert held == isinstance(state, d.Bound | d.Renewing | d.Rebinding) or isinstance(state, d.Idle)
        if isinstance(state, d.Selecting | d.Requesting | d.Rebooting | d.Pausing):
            assert waiting < 1.2 * LONGEST_WAIT

    assert isinstance(state, d.Idle)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(STATES), st.binary(max_size=400), st.sampled_from([1, 2, 5, 6]))
def test_garbage_from_the_wire_never_breaks_a_client(state: d.State, noise: bytes, kind: int) -> None:
    head = d.encode(d.Message(2, XID, US, {53: bytes((kind,)), 54: SERVER, 51: b"\0\0\0\1"}, yours=ADDRESS))[:-61]
    try:
        event = d.heard(CLIENT, head + noise, SERVER_MAC)
    except d.Malformed:
        return

    assert event is not None
    taken = d.step(CLIENT, state, event, 60.0, 0.5)
    assert taken.effects
