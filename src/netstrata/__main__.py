"""`python -m netstrata`: the same as `netstrata`."""

from netstrata.cli import main

main()
