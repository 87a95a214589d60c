"""What the drivers of links do, held: every row of `protocols/ethtool_netlink`.

Of changes of a feature rtnetlink tells; all else is looked at now and then.
"""

import errno
from collections.abc import Iterable, Mapping
from typing import Any

from netstrata.contract.options import Options
from netstrata.protocols.ethtool_netlink import DRIVER_SETTINGS, FAMILY, Shown, ask, change, decode
from netstrata.protocols.rtnetlink import Answer, messages
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.netlink.generic import GenericFamily
from netstrata.system.netlink.link_overrides import Key, LinkOverrides
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

_WORDS: dict[int, str] = {}  # the kernel says it itself


class DriverSettings(LinkOverrides):
    """All settings of drivers that are held."""

    __slots__ = ("_family",)
    kind = "driver"

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(requests, monitor, lookup, recovery)
        self._family = GenericFamily(requests, FAMILY, "5.9")

    def close(self) -> None:
        """Close the socket."""
        self._family.close()

    def read_all(self, ifindex: int, words: Iterable[str], operation: str) -> dict[str, Any]:
        """Return what the driver of a link does."""
        shown = self._shown(ifindex, words, operation)
        return {word: DRIVER_SETTINGS[word].decode(one) if one else None for word, one in shown.items()}

    def all_wanted(self, ifindex: int, values: Options, operation: str) -> Mapping[str, Any]:
        """Return what values are to this driver."""
        wanted: dict[str, Any] = {}
        for word, shown in self._shown(ifindex, values, operation).items():
            setting, value = DRIVER_SETTINGS[word], values[word]
            wanted[word] = setting.resolve(value, shown)
            if wanted[word] is None:
                reason = f"the driver of {self._requests.name_of(ifindex)} knows no {word} {setting.words(value)}"
                raise Unavailable(operation, reason, errno.EOPNOTSUPP)
        return wanted

    def write(self, key: Key, value: Any, operation: str) -> None:
        """Have a driver do one thing otherwise; of a feature that stays as it is the kernel does not say no."""
        ifindex, word = key
        setting = DRIVER_SETTINGS[word]
        body = change(word, ifindex, value, self._ask(setting.ask, ifindex, operation))
        answer = self._family.request(body, operation)
        if answer is not None:
            raise refused(operation, answer, _WORDS)
        if setting.told and self.read(key, operation) != value:
            raise Unavailable(operation, "the driver does not let it be changed", errno.EOPNOTSUPP)

    def noun(self, word: str) -> str:
        """Return what a setting is called."""
        return f"the {word}"

    def words_of(self, link: str, word: str, value: Any) -> str:
        """Return what a driver is to do, for people."""
        return f"the {word} of {link} to {DRIVER_SETTINGS[word].words(value)}"

    def unknown(self, ifindex: int, word: str) -> str:
        """Say that the driver has no such setting."""
        return f"the driver of {self._requests.name_of(ifindex)} knows no {word}"

    def is_told(self, word: str) -> bool:
        """Say whether rtnetlink tells of each change of a setting."""
        return DRIVER_SETTINGS[word].told

    def _shown(self, ifindex: int, words: Iterable[str], operation: str) -> dict[str, Shown]:
        """Return what the driver says of each setting; what is told together is asked once."""
        questions = {word: DRIVER_SETTINGS[word].ask for word in words}
        answers = {message: self._ask(message, ifindex, operation) for message in dict.fromkeys(questions.values())}
        return {word: answers[message] for word, message in questions.items()}

    def _ask(self, message: int, ifindex: int, operation: str) -> Shown:
        """Return what the driver says to a question, nothing if it does not know such a thing.

        Raises: Unavailable.
        """
        found = self._family.get(ask(message, ifindex), operation)
        if isinstance(found, Answer):
            if found.errno == errno.EOPNOTSUPP:
                return {}
            if found.errno == errno.ENODEV:
                raise Unavailable(operation, "the link is gone", errno.ENODEV)
            raise refused(operation, found, _WORDS)
        [one, *_] = messages(found, len(found))
        return decode(found, one.start, one.end)
