"""Uplinks that come, go and change in random orders over the model kernel: what stands, at every moment.

After every step the default routes are those of the uplinks that are there, the best one in front.  After every single
request of the daemon's there is a default route, as long as one uplink stands still, and none
takes away the last one that counts.
"""

import asyncio
from collections.abc import Iterable
from random import Random

import pytest

from netstrata.protocols.gateways import low_metric
from netstrata.protocols.rtnetlink.constants import RT_TABLE_MAIN, RTM_DELROUTE
from netstrata.testing.model import ModelKernel, ModelPorts
from netstrata.testing.model.messages import Request
from netstrata.testing.play import Play
from netstrata.testing.schedules.clock import InstantLoop

SEEDS = 1000
CHUNK = 250
STEPS = 8
NETWORKS = {"eth0": "192.0.2", "eth1": "198.51.100", "eth2": "203.0.113"}  # best first
UPLINK = """process {0} {{
    net.backend.waitdevice("{0}");
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.ipv4.addr("{0}", "{1}.2/24");
    net.gateway("{0}", "{1}.1", ["preference": "{2}"]) uplink;
}}
"""


class WatchedTown(ModelKernel):
    """A kernel that is looked at after each request."""

    def __init__(self) -> None:
        super().__init__()
        self.steady: set[str] = set()  # uplinks that stand, and that nobody touches
        self.gaps: list[str] = []

    def answered(self, request: Request) -> Iterable[bytes]:
        """Do a request, and look."""
        counted = self._counts()
        answers = list(super().answered(request))
        if self.steady and not (self._counts() if counted else self.defaults()):
            self.gaps.append(f"after request {request.type} there is none, though {self.steady} stand")
        return answers

    def _counts(self) -> bool:
        return any(not metric for _, metric in self.defaults())

    def defaults(self) -> list[tuple[str, int]]:
        """Return link and metric of each default route, the one that counts first."""
        there = self.routes4.at(RT_TABLE_MAIN, bytes(4), 0)
        return [(self.links.by_index[one.ifindex].name, one.metric) for one in there]


class Story:
    """One random order."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._kernel = WatchedTown()
        self._plugged = dict.fromkeys(NETWORKS, False)
        self._log: list[str] = []

    def _text(self) -> str:
        return "".join(UPLINK.format(link, net, at) for at, (link, net) in enumerate(NETWORKS.items()))

    async def play(self) -> None:
        """Play it, and look after each step."""
        kernel = self._kernel
        for link in NETWORKS:
            kernel.plug(link, carrier=False)
        ports = ModelPorts(kernel)
        play = Play(self._text(), ports)
        await play.settled()
        for _ in range(STEPS):
            for _ in range(self._random.randint(1, 3)):
                self._touch()
                for _ in range(self._random.randint(0, 3)):  # turns of the event loop, in which the next one may come
                    await asyncio.sleep(0)
                    play.work_off()
            await play.settled()
            await asyncio.sleep(20)  # longer than whatever waits until it tries again
            await play.settled()
            play.pass_time(20_000)
            await play.settled()
            self._look()
        play.end()
        await play.settled()
        kernel.steady = set()
        assert kernel.defaults() == [], self._log
        ports.close()

    def _touch(self) -> None:
        random, kernel = self._random, self._kernel
        link = random.choice([*NETWORKS])
        kernel.steady.discard(link)
        what = random.random()
        index = next(one for one in kernel.links.by_index.values() if one.name == link).ifindex
        there = [one for one in kernel.routes4.at(RT_TABLE_MAIN, bytes(4), 0) if one.ifindex == index]
        if what < 0.75 or not there:
            self._plugged[link] = not self._plugged[link]
            self._log.append(f"{'plug' if self._plugged[link] else 'pull'} {link}")
            kernel.carrier(link, self._plugged[link])
        else:
            route = random.choice(there)
            self._log.append(f"somebody deletes default dev {link} metric {route.metric}")
            kernel.routes4.take(route)
            kernel.routes4.tell(RTM_DELROUTE, route)

    def _look(self) -> None:
        kernel = self._kernel
        index = {one.name: one.ifindex for one in kernel.links.by_index.values()}
        plugged = [link for link, there in self._plugged.items() if there]
        low = sorted(((link, low_metric(index[link])) for link in plugged), key=lambda one: one[1])
        wanted = [(link, 0) for link in plugged[:1]] + low
        assert kernel.gaps == [], self._log
        assert kernel.defaults() == wanted, self._log
        kernel.steady = set(plugged)


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_random_orders(first: int) -> None:
    for seed in range(first, first + CHUNK):
        loop = InstantLoop()
        try:
            loop.run_until_complete(Story(seed).play())
        finally:
            loop.close()
