"""secret: a text that nobody is shown."""

from netstrata.contract import computes
from netstrata.contract.shapes.secrets import Secret


@computes("secret")
def secret(text: Secret) -> Secret:
    """Hold a text that nobody is shown.

    The log, the record, and `netstrata status`, `why`, `log` and `show` have `********` instead, and also for what it
    is made from, such as a `var`.  Standard output, and what other programs write elsewhere, are not looked at.
    If it has less than 4 bytes, only a text that is nothing else is masked.

    Example:
        secret("correct horse") passphrase;
        println(passphrase);  # correct horse
    """
    return text
