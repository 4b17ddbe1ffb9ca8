# SPDX-License-Identifier: MIT
"""HTTP/1.1 client over asyncio streams: one connection, one request at a time, kept open between requests.

A sender owns one Connection. Nothing is retried here: a request that failed raises, and the sender decides. A
sender can also be made to misbehave: to send half a body, or one byte at a time.
"""
import asyncio
import ssl
import urllib.parse

from . import http

ANSWER_MAX = 4 * 1024 * 1024


class Failed(Exception):
    """No answer came: refused, reset, cut, too late. `reused`: an idle connection had been closed."""

    def __init__(self, why, reused=False):
        super().__init__(why)
        self.reused = reused


class Answer:
    __slots__ = ("status", "headers", "body")

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Connection:
    def __init__(self, base_url, timeout_s=10.0, ca_file=None):
        url = urllib.parse.urlsplit(base_url)
        self.host, self.prefix = url.hostname, url.path.rstrip("/")
        self.port = url.port or (443 if url.scheme == "https" else 80)
        self.tls = ssl.create_default_context(cafile=ca_file) if url.scheme == "https" else None
        self.name = f"{self.host}:{self.port}"
        self.timeout_s = timeout_s
        self._reader = self._writer = None

    def close(self):
        if self._writer is not None:
            self._writer.transport.abort()
            self._reader = self._writer = None

    async def post(self, path, body, headers, wire=None):
        """Answer, or Failed. wire: None, ("slow", s before the body), ("drip", s a byte), ("cut", part)."""
        reused = self._writer is not None
        try:
            return await asyncio.wait_for(self._post(path, body, headers, wire), self.timeout_s)
        except asyncio.TimeoutError:
            self.close()
            raise Failed("timeout") from None
        except (OSError, EOFError, ValueError, http.BadRequest, asyncio.IncompleteReadError,
                asyncio.LimitOverrunError) as why:
            self.close()
            raise Failed(type(why).__name__, reused and isinstance(why, (OSError, EOFError))) from None

    async def _post(self, path, body, headers, wire):
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                self.host, self.port, ssl=self.tls, limit=http.HEAD_MAX)
        lines = [f"POST {self.prefix}{path} HTTP/1.1", f"Host: {self.name}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if wire:
            await self._send_badly(head, body, wire)
        else:
            self._writer.write(head + body)
        return await self._answer()

    async def _send_badly(self, head, body, wire):
        self._writer.write(head)
        if wire[0] == "slow":
            await asyncio.sleep(wire[1])
            self._writer.write(body)
        elif wire[0] == "drip":
            for at in range(len(body)):
                self._writer.write(body[at:at + 1])
                await asyncio.sleep(wire[1])
        elif wire[0] == "cut":
            self._writer.write(body[:int(len(body) * wire[1])])
            await self._writer.drain()
            self._writer.write_eof()

    async def _answer(self):
        while True:
            head = await self._reader.readuntil(b"\r\n\r\n")
            lines = head[:-4].decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if status != 100:
                break
        headers = http.parse_headers(lines[1:])
        if status in (204, 304):
            body = b""
        elif "content-length" in headers or "transfer-encoding" in headers:
            body = await http.read_body(self._reader, headers, ANSWER_MAX)
        else:
            body = await self._reader.read(ANSWER_MAX)
            self.close()
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)
