"""A property suite to begin with."""

from __future__ import annotations

from pathlib import Path

from trueweight.core import ConfigError

_TEXT = Path(__file__).with_name("starter.txt")


def write_starter(path: Path) -> None:
    """Write a commented suite that works as it stands.

    Raises:
        ConfigError: if the name does not end in ``.py``, the file is there already, or it cannot be written.
    """
    if path.suffix != ".py":
        hint = "A property suite is Python: its name ends in .py."
        raise ConfigError(f"{path.name!r} is no name for it", code="suite-kind", where=str(path), hint=hint)
    text = _TEXT.read_text(encoding="utf-8").replace("THIS_FILE", path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(
            "is there already", code="suite-exists", where=str(path), hint="Choose another name."
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot write: {error.strerror}", code="suite-disk", where=str(path)) from None
