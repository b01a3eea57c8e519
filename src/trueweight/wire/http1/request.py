"""What a request has before its body, and its bytes."""

from __future__ import annotations

from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True, eq=False)
class RequestHead:
    """Method, URL and headers of one request or of many. Equal to itself alone, so that what is made of a head is
    quickly found again.

    Attributes:
        headers: with ``Host``, and with ``Content-Length`` if there is a body. They must not be changed.
    """

    method: str
    url: httpx.URL
    headers: httpx.Headers

    def __repr__(self) -> str:
        return f"RequestHead({self.method!r}, {self.url!r})"  # the headers have the key


def write_head(head: RequestHead, *, forwarded: bool, credentials: bytes) -> bytes:
    """The bytes of a head, with the empty line after it.

    Args:
        forwarded: whether a proxy forwards the request, and so needs the whole URL.
        credentials: the proxy's header line, for a forwarded request.

    Raises:
        httpx.LocalProtocolError: if it cannot be sent.
    """
    target = b"http://" + head.url.netloc if forwarded else b""
    lines = [head.method.encode("ascii") + b" " + target + head.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in head.headers.raw]
    text = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if text.count(b"\r") != breaks or text.count(b"\n") != breaks or b"\0" in text:
        raise httpx.LocalProtocolError("a header holds a line break or a NUL")
    if head.method in ("HEAD", "CONNECT") or b"\ntransfer-encoding:" in text.lower():
        raise httpx.LocalProtocolError("HEAD, CONNECT and requests of undeclared length are not supported")
    return text + b"\r\n" + (credentials if forwarded else b"") + b"\r\n"
