"""``trueweight``, and ``python -m trueweight``."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line. An interrupt while it is still being imported is one word, and no traceback."""
    try:
        from trueweight.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
