"""`python -m dev` is `thaw`."""

import signal

# While Python reads the rest of us nothing is begun that would have to be cleaned up.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from dev.cli import main

main()
