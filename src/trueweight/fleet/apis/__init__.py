"""The APIs that the fleet serves: one file for each. All answer with the completion of the same healthy model."""

from collections.abc import Mapping

from trueweight.fleet.apis.chat import ChatApi
from trueweight.fleet.apis.responses import ResponsesApi
from trueweight.fleet.apis.served import ServedApi

SERVED: Mapping[str, ServedApi] = {one.path: one for one in (ChatApi(), ResponsesApi())}
"""Path → the API that is served there."""

__all__ = ["SERVED", "ServedApi"]
