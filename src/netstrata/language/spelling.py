"""Which known word a misspelled one was meant to be, for all who read programs."""

from netstrata.values.spelling import did_you_mean, slips

__all__ = ["did_you_mean", "slips"]
