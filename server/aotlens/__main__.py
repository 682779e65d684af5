"""`python -m aotlens` is the command `aotlens`."""

from aotlens.cli import main

main()
