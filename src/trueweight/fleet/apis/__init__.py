"""The APIs that the fleet serves: one file for each. All answer with the completion of the same healthy model."""

from collections.abc import Mapping

from trueweight.fleet.apis.chat import ChatApi
from trueweight.fleet.apis.messages import CountTokensServed, MessagesServed
from trueweight.fleet.apis.responses import ResponsesApi
from trueweight.fleet.apis.served import ServedApi

_ALL: tuple[ServedApi, ...] = (ChatApi(), MessagesServed(), CountTokensServed(), ResponsesApi())
SERVED: Mapping[str, ServedApi] = {one.path: one for one in _ALL}
"""Path → the API that is served there."""

__all__ = ["SERVED", "ServedApi"]
