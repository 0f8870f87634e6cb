"""See `command.py`."""

import sys

from tests.bench.speech.command import main

sys.exit(main(sys.argv[1:]))
