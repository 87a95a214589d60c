"""Deletes a primary IPv4 address, but not the secondary ones of its network, whoever put them there.

The kernel takes those along unless the link promotes one of them; so it does for that moment.  Who is killed in that
moment has the setting in its undo journal.  If the link cannot be made to promote, the address stays.
"""

from struct import Struct

from netstrata.protocols.rtnetlink import Answer, ask_link, promotes, set_promotion
from netstrata.protocols.rtnetlink.constants import RTM_DELADDR, RTM_GETLINK, RTM_NEWLINK
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE
from netstrata.system.held import GONE, Recovery, Unanswered
from netstrata.system.netlink.refusals import ADDRESS_WORDS, LINK_WORDS, refused
from netstrata.system.netlink.socket import Request, RequestSocket

_INDEX = Struct("=I")
KIND = "promotion"  # in the undo journal


class Promotion:
    """The setting `promote_secondaries` of links, for a moment."""

    __slots__ = ("_recovery", "_requests")

    def __init__(self, requests: RequestSocket, recovery: Recovery) -> None:
        self._requests = requests
        self._recovery = recovery
        recovery.knows(KIND, self.undo)

    def delete(self, ifindex: int, address: bytes, operation: str) -> Answer | None:
        """Delete a primary address alone; return the kernel's no, None if it is gone.

        Raises: Unavailable if the link cannot be made to promote the others.
        """
        link = self._requests.get(RTM_GETLINK, ask_link(ifindex))
        if isinstance(link, Answer):
            if link.errno in GONE:
                return link
            raise refused(operation, link, ADDRESS_WORDS)
        if promotes(link, HEADER_SIZE, len(link)):
            return self._requests.request(RTM_DELADDR, 0, address)
        journal = self._recovery.journal
        number = journal.intend(KIND, _INDEX.pack(ifindex), b"", "")
        refusal = self._requests.request(RTM_NEWLINK, 0, set_promotion(ifindex, True))
        if refusal is not None:
            error = refused(operation, refusal, ADDRESS_WORDS)
            if isinstance(error, Unanswered):  # it may promote by now
                self._restored(number, ifindex, self._requests.request(RTM_NEWLINK, 0, set_promotion(ifindex, False)))
            else:
                journal.undone(number)
            raise error
        both = [Request(RTM_DELADDR, 0, address), Request(RTM_NEWLINK, 0, set_promotion(ifindex, False))]
        answer, restored = self._requests.requests(both)
        self._restored(number, ifindex, restored)
        return answer

    def _restored(self, number: int, ifindex: int, answer: Answer | None) -> None:
        """Know that the link promotes no more, or leave that to the end."""
        if answer is None or answer.errno in GONE:
            self._recovery.journal.undone(number)
        else:
            self._recovery.leave(number, KIND, _INDEX.pack(ifindex), b"", None, done=True)

    def undo(self, key: bytes, undo: bytes) -> None:
        """Promote no more.

        Raises: Unavailable.
        """
        (ifindex,) = _INDEX.unpack(key)
        answer = self._requests.request(RTM_NEWLINK, 0, set_promotion(ifindex, False))
        if answer is not None and answer.errno not in GONE:
            operation = f"promote no addresses of {self._requests.name_of(ifindex)} any more"
            raise refused(operation, answer, LINK_WORDS)
