"""``trueweight``, and ``python -m trueweight``."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line. An interrupt while it is still being imported is one word, and no traceback.

    The matrices here are small: the threads of NumPy's linear algebra would take five times the CPU time, waiting for
    each other. The variable is read when NumPy is imported; a value of the user's is kept.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from trueweight.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
