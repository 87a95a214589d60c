"""Which known word a misspelled one was meant to be; declarations need it, too."""

from netstrata.contract.spelling import did_you_mean, slips

__all__ = ["did_you_mean", "slips"]
