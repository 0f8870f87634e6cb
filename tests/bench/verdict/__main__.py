"""See `command.py`."""

import sys

from tests.bench.verdict.command import main

sys.exit(main(sys.argv[1:]))
