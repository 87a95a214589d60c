"""Routes in a real kernel."""

from typing import TYPE_CHECKING

import pytest

from netstrata.ports.kernel import Route
from netstrata.values import Unavailable, parse_address, parse_number

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World


def route(words: str) -> Route:
    """Read `198.51.100.0/24 via 192.0.2.9 dev va metric 5`, as ip would, `blackhole` first."""
    kind = "blackhole" if words.startswith("blackhole ") else "unicast"
    first, *rest = words.removeprefix("blackhole ").split()
    options = dict(zip(rest[::2], rest[1::2], strict=True))
    address, _, prefix = first.partition("/")
    destination = parse_address(address.encode())
    length = parse_number(prefix.encode())
    assert destination is not None
    assert length is not None
    gateway = parse_address(options["via"].encode()) if "via" in options else None
    table = int(options.get("table", "254"))
    return Route(destination, length, gateway, options.get("dev"), int(options.get("metric", 0)), kind, table)


def ready(world: "World") -> None:
    world.links_up()
    world.ip("addr add 192.0.2.3/24 dev va")
    world.ip("addr add 2001:db8::5/64 dev va nodad")


@pytest.mark.parametrize(
    ("wish", "seen"),
    [
        ("0.0.0.0/0 via 192.0.2.1 dev va metric 20", "default via 192.0.2.1 dev va proto 110 metric 20"),
        ("198.51.100.0/24 dev va metric 5", "198.51.100.0/24 dev va proto 110 scope link metric 5"),
        ("198.51.100.0/24 via 192.0.2.9 dev va", "198.51.100.0/24 via 192.0.2.9 dev va proto 110"),
        ("blackhole 203.0.113.0/24 metric 7", "blackhole 203.0.113.0/24 proto 110 metric 7"),
    ],
)
async def test_an_ipv4_route_is_there_while_held_and_only_then(world: "World", wish: str, seen: str) -> None:
    ready(world)
    before = world.ip("-4 route show table all")

    async with world.netlink.routes.held_route(route(wish)):
        held = world.routes()

    assert held == [seen]
    assert world.ip("-4 route show table all") == before


@pytest.mark.parametrize(
    ("wish", "seen"),
    [
        ("::/0 via 2001:db8::1 dev va metric 20", "default via 2001:db8::1 dev va proto 110 metric 20 pref medium"),
        ("2001:db8:1::/48 dev va", "2001:db8:1::/48 dev va proto 110 metric 1024 pref medium"),
        ("2001:db8:1::7/48 dev va metric 5", "2001:db8:1::/48 dev va proto 110 metric 5 pref medium"),
        ("blackhole 2001:db8:3::/48 metric 9", "blackhole 2001:db8:3::/48 dev lo proto 110 metric 9 pref medium"),
    ],
)
async def test_an_ipv6_route_is_there_while_held_and_only_then(world: "World", wish: str, seen: str) -> None:
    ready(world)

    async with world.netlink.routes.held_route(route(wish)):
        held = world.routes("-6 route show")

    assert held == [seen]
    assert world.routes("-6 route show") == []


async def test_a_rule_that_leads_to_the_way_by_a_gateway_does_not_hide_the_gateways_link(world: "World") -> None:
    # Linux 6.18.44, iproute2: with these, `ip route get 192.0.2.9` says `192.0.2.9 via 192.0.2.9 dev va table 7`, and
    # `ip route add 198.51.100.0/24 via 192.0.2.9 table 7` is done all the same.
    ready(world)
    world.ip("rule add priority 100 lookup 7")
    world.ip("route add default via 192.0.2.9 table 7")

    async with world.netlink.routes.held_route(route("198.51.100.0/24 via 192.0.2.9 table 7")):
        held = world.routes("route show 198.51.100.0/24 table 7")

    assert held == ["198.51.100.0/24 via 192.0.2.9 dev va proto 110"]


async def test_a_route_in_a_table_over_255_stays_there(world: "World") -> None:
    ready(world)

    async with world.netlink.routes.held_route(route("198.51.100.0/24 dev va table 1000")):
        held = world.routes("route show table 1000")

    assert held == ["198.51.100.0/24 dev va proto 110 scope link"]
    assert world.routes() == []


@pytest.mark.parametrize("owner", ["static", "110"])
async def test_the_same_route_that_was_there_before_stays(world: "World", owner: str) -> None:
    ready(world)
    world.ip(f"route add 198.51.100.0/24 via 192.0.2.9 dev va metric 5 proto {owner}")

    async with world.netlink.routes.held_route(route("198.51.100.0/24 via 192.0.2.9 dev va metric 5")):
        pass

    assert world.routes() == [f"198.51.100.0/24 via 192.0.2.9 dev va proto {owner} metric 5"]


async def test_another_route_in_the_way_is_named(world: "World") -> None:
    ready(world)
    world.ip("route add 198.51.100.0/24 via 192.0.2.9 dev va metric 5 proto static")

    with pytest.raises(Unavailable) as refused:
        await world.netlink.routes.held_route(route("198.51.100.0/24 via 192.0.2.1 dev va metric 5")).__aenter__()

    assert str(refused.value) == (
        "cannot add route 198.51.100.0/24 via 192.0.2.1 on va metric 5: "
        "another route is there: 198.51.100.0/24 via 192.0.2.9 dev va metric 5 proto static"
    )


async def test_two_holders_share_a_route_and_a_different_one_is_refused(world: "World") -> None:
    ready(world)
    routes = world.netlink.routes
    first = routes.held_route(route("198.51.100.0/24 dev va"))
    second = routes.held_route(route("198.51.100.0/24 dev va"))
    await first.__aenter__()
    await second.__aenter__()

    await first.__aexit__(None, None, None)

    assert world.routes() == ["198.51.100.0/24 dev va proto 110 scope link"]
    with pytest.raises(Unavailable, match=r"this program holds another route there: 198.51.100.0/24 on va"):
        await routes.held_route(route("blackhole 198.51.100.0/24")).__aenter__()
    await second.__aexit__(None, None, None)
    assert world.routes() == []


OFF_LINK = "it is on none of the networks here; `onlink`, of net.gateway or net.route, takes it"
INVALID_GATEWAY = f"Nexthop has invalid gateway: {OFF_LINK}"
NO_WAY6 = f"there is no way to the gateway: {OFF_LINK}"


@pytest.mark.parametrize(
    ("wish", "reason", "errno"),
    [
        ("198.51.100.1/24 dev va", "198.51.100.1 is one address in 198.51.100.0/24: write the network", 22),
        ("198.51.100.0/24 via 203.0.113.1 dev va", INVALID_GATEWAY, 101),
        ("2001:db8:1::/48 via 2001:db8:9::1 dev va", NO_WAY6, 113),
        ("198.51.100.0/24 dev vq", "there is no link vq", 19),
        ("198.51.100.0/24 dev vdown", "Device for nexthop is not up", 100),
    ],
)
async def test_a_refusal_says_why_in_the_kernels_words_or_better_ones(
    world: "World", wish: str, reason: str, errno: int
) -> None:
    ready(world)
    world.ip("link add vdown type veth peer name vdown2")

    with pytest.raises(Unavailable) as refused:
        await world.netlink.routes.held_route(route(wish)).__aenter__()

    assert refused.value.reason == reason
    assert refused.value.errno == errno
    assert refused.value.operation == f"add route {wish.replace('dev', 'on')}"


_REMOVED = "someone removed or replaced it"
_REPLACED = "another route is in its place: 198.51.100.0/24 via 192.0.2.1 dev va metric 5"
_DROPPED = "the kernel dropped it when va went down or lost its last address"


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("route del 198.51.100.0/24 via 192.0.2.9 dev va metric 5", _REMOVED),
        ("route replace 198.51.100.0/24 via 192.0.2.1 dev va metric 5", f"{_REPLACED} proto boot"),
        ("route replace 198.51.100.0/24 via 192.0.2.1 dev va metric 5 proto bird", f"{_REPLACED} proto bird"),
        ("route flush proto 110", _REMOVED),
        ("link set va down", _DROPPED),
        ("addr del 192.0.2.3/24 dev va", _DROPPED),
        ("link del va", "va is gone or has a new name"),
    ],
)
async def test_whatever_takes_a_route_away_its_statement_is_told(world: "World", act: str, why: str) -> None:
    ready(world)
    statement = world.as_statement()

    async with world.netlink.routes.held_route(route("198.51.100.0/24 via 192.0.2.9 dev va metric 5")):
        world.ip(act)
        reason = await statement.losses.get()
        left = world.routes()

    assert reason == f"cannot hold route 198.51.100.0/24 via 192.0.2.9 on va metric 5: {why}"
    assert world.routes() == left  # what stands there now is not ours to take away
    assert statement.notes == []


@pytest.mark.parametrize("act", ["route del 2001:db8:1::/48 dev va", "link set va down", "link del va"])
async def test_whatever_takes_an_ipv6_route_away_its_statement_is_told(world: "World", act: str) -> None:
    ready(world)
    statement = world.as_statement()

    async with world.netlink.routes.held_route(route("2001:db8:1::/48 dev va")):
        world.ip(act)
        reason = await statement.losses.get()

    assert reason.startswith("cannot hold route 2001:db8:1::/48 on va: ")


async def test_another_way_that_someone_appends_to_an_ipv6_route_is_left_behind(world: "World") -> None:
    ready(world)
    statement = world.as_statement()
    routes = world.netlink.routes

    async with (
        routes.held_route(route("2001:db8:2::/48 dev va")),
        routes.held_route(route("2001:db8:1::/48 via 2001:db8::1 dev va")),
    ):
        world.ip("-6 route append 2001:db8:1::/48 via 2001:db8::9 dev va")
        world.ip("-6 route del 2001:db8:2::/48 dev va")
        reason = await statement.losses.get()

    assert "2001:db8:2::/48" in reason
    assert statement.losses.empty()
    assert len(world.routes("-6 route show")) == 1
    assert world.routes("-6 route show")[0].startswith("2001:db8:1::/48 via 2001:db8::9 dev va")


async def test_a_link_that_goes_down_and_up_at_once_loses_its_routes_all_the_same(world: "World") -> None:
    ready(world)
    statement = world.as_statement()

    async with world.netlink.routes.held_route(route("198.51.100.0/24 dev va")):
        world.ip("link set va down")
        world.ip("link set va up")
        reason = await statement.losses.get()

    assert "hold route 198.51.100.0/24 on va" in reason


async def test_foreign_routes_and_our_own_undo_are_no_losses(world: "World") -> None:
    ready(world)
    statement = world.as_statement()
    routes = world.netlink.routes

    async with routes.held_route(route("203.0.113.0/24 dev va")), routes.held_route(route("198.51.100.0/24 dev va")):
        async with routes.held_route(route("198.51.100.0/25 dev va")):
            pass
        world.ip("route add 198.51.100.0/24 dev va metric 9")
        world.ip("route del 198.51.100.0/24 dev va metric 9")
        world.ip("route del 203.0.113.0/24 dev va")
        reason = await statement.losses.get()

    assert "203.0.113.0/24" in reason
    assert statement.losses.empty()


async def test_an_undo_of_a_route_that_is_gone_leaves_one_with_another_metric(world: "World") -> None:
    ready(world)
    routes = world.netlink.routes
    plain = routes.held_route(route("blackhole 203.0.113.0/24"))
    other = routes.held_route(route("blackhole 203.0.113.0/24 metric 10"))
    await plain.__aenter__()
    await other.__aenter__()

    world.ip("route del blackhole 203.0.113.0/24")
    await plain.__aexit__(None, None, None)

    assert world.routes() == ["blackhole 203.0.113.0/24 proto 110 metric 10"]
    await other.__aexit__(None, None, None)
    assert world.routes() == []


async def test_routes_survive_a_rename_and_go_on_the_way_back(world: "World") -> None:
    ready(world)
    statement = world.as_statement()

    async with world.netlink.routes.held_route(route("198.51.100.0/24 dev va")):
        world.ip("link set va down")
        world.ip("link set va name vz")
        world.ip("link set vz up")
        await statement.losses.get()
    async with world.netlink.routes.held_route(route("198.51.100.0/24 dev vz")):
        held = world.routes()

    assert held == ["198.51.100.0/24 dev vz proto 110 scope link"]
    assert world.routes() == []
    assert statement.notes == []


async def test_a_queue_that_ran_over_loses_no_loss(world: "World") -> None:
    ready(world)
    netlink = world.another_netlink(queue_bytes=1)  # the kernel makes it a few datagrams
    statement = world.as_statement()
    wish = route("198.51.100.0/24 dev va")
    burst = "".join(f"addr add 10.9.{n}.1/24 dev vb\n" for n in range(200))  # a route of others would not be heard

    async with netlink.routes.held_route(wish):
        lines = world.batch(burst + "route del 198.51.100.0/24 dev va\n")
        reason = await statement.losses.get()

    assert lines == 201
    assert reason.startswith("cannot hold route 198.51.100.0/24 on va: ")
    assert netlink.monitor.overruns > 0
    netlink.close()


async def test_ten_thousand_routes_that_are_there_already_are_found_in_one_reading(world: "World") -> None:
    ready(world)
    statement = world.as_statement()
    count = 10_000
    wishes = [route(f"10.{n >> 8}.{n & 255}.0/24 dev va") for n in range(count)]
    world.batch("".join(f"route add 10.{n >> 8}.{n & 255}.0/24 dev va proto static\n" for n in range(count)))
    holdings = [world.netlink.routes.held_route(wish) for wish in wishes]

    for holding in holdings:
        await holding.__aenter__()
    for holding in reversed(holdings):
        await holding.__aexit__(None, None, None)

    assert len(world.routes()) == count
    assert statement.notes == []


@pytest.mark.parametrize("act", ["del default via 192.0.2.9 dev va", "replace default via 192.0.2.8 dev va"])
async def test_a_route_that_somebody_has_just_taken_away_takes_none_beside_it_along(world: "World", act: str) -> None:
    """To delete an IPv4 route without a metric, the kernel takes the first one by that gateway, whatever its metric."""
    ready(world)
    world.as_statement()
    beside = world.netlink.routes.held_route(route("0.0.0.0/0 via 192.0.2.9 dev va metric 4294967290"))
    counts = world.netlink.routes.held_route(route("0.0.0.0/0 via 192.0.2.9 dev va"))
    await beside.__aenter__()
    await counts.__aenter__()

    world.ip(f"route {act}")
    await counts.__aexit__(None, None, None)

    assert any("metric 4294967290" in line for line in world.routes())
    await beside.__aexit__(None, None, None)


async def test_a_route_beside_another_one_is_deleted_without_reading_a_table(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of a million routes takes half a second."""
    ready(world)
    world.as_statement()
    async with world.netlink.routes.held_route(route("0.0.0.0/0 via 192.0.2.9 dev va metric 4294967290")):
        counts = world.netlink.routes.held_route(route("0.0.0.0/0 via 192.0.2.9 dev va"))
        await counts.__aenter__()
        read: list[int] = []
        with monkeypatch.context() as patched:
            patched.setattr(type(world.netlink.requests), "stream", lambda *_: read.append(1))
            await counts.__aexit__(None, None, None)

        assert read == []
        assert len([line for line in world.routes() if line.startswith("default")]) == 1
