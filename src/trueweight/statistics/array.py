"""The type of the arrays that statistics work on."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
