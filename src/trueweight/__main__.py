"""``python -m trueweight``."""

from trueweight.cli import main

if __name__ == "__main__":
    main()
