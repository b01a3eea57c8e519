"""Posts one JSON body to a webhook. Its URL is a secret: it is in no message."""

from __future__ import annotations

from ipaddress import ip_address

import anyio
import httpx

from trueweight import __version__
from trueweight.core import ConfigError, InfrastructureError
from trueweight.core.json_value import JsonObject, compact_json
from trueweight.redaction import for_people

_TIMEOUT = 10.0
"""Seconds for all of it. The body of the reply is not read, so it may be of any size."""


async def post_webhook(
    url: str, body: JsonObject, *, where: str, transport: httpx.AsyncBaseTransport | None = None
) -> None:
    """Send the body once, without keys; redirects are not followed.

    Args:
        where: the option or variable that has the URL, for errors.

    Raises:
        ConfigError: ``webhook-url`` if it is neither https nor http on this machine.
        InfrastructureError: ``webhook-failed`` if no reply with a status of 2xx came.
    """
    target = _checked(url, where)
    content = for_people(compact_json(body)).encode("utf-8", "replace")  # half of a surrogate pair becomes "?"
    headers = {"Content-Type": "application/json", "User-Agent": f"trueweight/{__version__}"}
    try:
        with anyio.fail_after(_TIMEOUT):
            async with (
                httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, transport=transport) as client,
                client.stream("POST", target, content=content, headers=headers) as reply,
            ):
                status = reply.status_code
    except (httpx.HTTPError, TimeoutError) as error:
        # Its text may have the URL.
        message = f"the webhook was not reached ({type(error).__name__})"
        raise InfrastructureError(message, code="webhook-failed", where=where) from None
    if not 200 <= status < 300:
        message = f"the webhook answered with status {status}"
        raise InfrastructureError(message, code="webhook-failed", where=where)


def _checked(text: str, where: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme == "https" and url.host:
        return url
    if url.scheme == "http" and _is_local(url.host):
        return url
    hint = "Valid: an https URL; http only for this machine."
    raise ConfigError("the webhook's URL is not valid", code="webhook-url", where=where, hint=hint)


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
