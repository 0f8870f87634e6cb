"""See `command.py`."""

import sys

from tests.bench.routing.command import main

sys.exit(main(sys.argv[1:]))
