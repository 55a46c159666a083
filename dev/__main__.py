"""`python -m dev` is `thaw`."""

from dev.cli import main

main()
