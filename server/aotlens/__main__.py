"""`python -m aotlens` is the command `aotlens`."""

from .cli import main

main()
