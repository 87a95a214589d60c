"""What becomes of servers that cannot be asked."""

import asyncio

from netstrata.system.dns.asking import ask_all


def test_what_is_no_address_is_not_looked_up() -> None:
    """As `nameserver` of net.dns.resolvconf may have it, which writes whatever it is given."""
    servers = [("name.example", "", ""), ("192.0.2", "", "corp.example")]

    answers = asyncio.run(ask_all(servers))

    assert answers == dict.fromkeys(servers, "cannot be asked: it is no address")
