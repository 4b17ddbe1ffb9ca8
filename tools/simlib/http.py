# SPDX-License-Identifier: MIT
"""HTTP/1.1 with keep-alive over asyncio streams, server side: just what the simulators need, and able to
misbehave.

A handler gets a Request and gives back a Response. Response.wire says how the bytes are sent when they are
not sent properly: late, cut, one at a time, never, or with the connection reset. What a peer sends is
limited; a request that breaks HTTP gets 400 and the connection is closed.
"""
import asyncio
import json
import urllib.parse

HEAD_MAX = 64 * 1024
BODY_MAX = 8 * 1024 * 1024
REASONS = {100: "Continue", 200: "OK", 204: "No Content", 304: "Not Modified", 400: "Bad Request",
           401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
           422: "Unprocessable Content", 429: "Too Many Requests", 500: "Internal Server Error",
           503: "Service Unavailable"}


class BadRequest(Exception):
    """The peer broke HTTP or one of our limits."""


class Request:
    __slots__ = ("method", "target", "path", "query", "headers", "body", "peer")

    def __init__(self, method, target, headers, body=b"", peer=None):
        self.method, self.target, self.headers, self.body, self.peer = method, target, headers, body, peer
        self.path, _, self.query = target.partition("?")

    def json(self):
        return json.loads(self.body)

    def form(self):
        """Body or query of a form as a dict, the first value of each name."""
        text = self.body.decode("utf-8", "replace") or self.query
        return {k: v[0] for k, v in urllib.parse.parse_qs(text, keep_blank_values=True).items()}

    def args(self):
        return {k: v[0] for k, v in urllib.parse.parse_qs(self.query, keep_blank_values=True).items()}


class Response:
    """wire: None, ("slow", s), ("drip", s a byte), ("cut", part of the body sent), ("hang",), ("reset",).

    `sent` is called when the last byte was handed to the system, never after a cut or a reset; `gone` is
    called in every case, when the answer is over or the connection is.
    """
    __slots__ = ("status", "headers", "body", "wire", "sent", "gone")

    def __init__(self, status=200, body=b"", kind="application/json", headers=None, wire=None, sent=None):
        if isinstance(body, (dict, list)):
            body = dumps(body)
        elif isinstance(body, str):
            body = body.encode()
        self.status, self.body, self.wire, self.sent = status, body, wire, sent
        self.gone = None
        self.headers = {"Content-Type": kind} if kind else {}
        if headers:
            self.headers.update(headers)

    def head(self, close):
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Other')}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status != 304:
            lines.append(f"Content-Length: {len(self.body)}")
        if close:
            lines.append("Connection: close")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def dumps(value):
    """Compact JSON in UTF-8, as vendors send it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def parse_headers(lines):
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest("header line")
        headers[name.lower()] = value.strip()
    return headers


async def read_chunked(reader, limit):
    body = bytearray()
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return bytes(body)
        if len(body) + size > limit:
            raise BadRequest("body too large")
        body += await reader.readexactly(size)
        await reader.readexactly(2)


async def read_body(reader, headers, limit=BODY_MAX):
    """The body as its headers frame it; b"" without a length. BadRequest over the limit."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await read_chunked(reader, limit)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > limit:
        raise BadRequest("content length")
    return await reader.readexactly(int(length)) if length != "0" else b""


async def wait_gone(reader, seconds):
    """True when the peer closed within that time. What it sends meanwhile is lost: end the connection."""
    try:
        while await asyncio.wait_for(reader.read(4096), seconds):
            pass
        return True
    except asyncio.TimeoutError:
        return False
    except OSError:
        return True


class Server:
    """One listening socket. `handler` is async (Request) -> Response; an exception in it becomes 500."""

    def __init__(self, handler, refuse=None):
        self.handler = handler
        self.refuse = refuse          # () -> bool: reset every new connection while true
        self.port = None
        self._server = self._where = None
        self._writers = set()

    async def start(self, host, port, tls=None):
        self._where = (host, port, tls)
        self._server = await asyncio.start_server(self._serve, host, port, ssl=tls, limit=HEAD_MAX,
                                                  backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def relisten(self):
        """Listen again where stop_listening left off, on the same port."""
        host, _, tls = self._where
        if self._server is None:
            await self.start(host, self.port, tls)

    def stop_listening(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop_all()

    def drop_all(self):
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            if self.refuse and self.refuse():
                writer.transport.abort()
                return
            await self._converse(reader, writer)
        except (OSError, EOFError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except (BadRequest, ValueError, asyncio.LimitOverrunError) as bad:
            writer.write(Response(400, {"error": str(bad)}).head(True))
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _converse(self, reader, writer):
        keep = True
        while keep:
            request = await self._read(reader, writer)
            if request is None:
                return
            try:
                response = await self.handler(request)
            except Exception as bug:  # a broken simulator must say so, not fall silent
                response = Response(500, {"error": f"{type(bug).__name__}: {bug}"})
            keep = request.headers.get("connection", "").lower() != "close"
            try:
                keep = await self._write(reader, writer, response, keep) and keep
            finally:
                if response.gone:
                    response.gone()

    async def _read(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        lines = head[:-4].decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequest("request line")
        headers = parse_headers(lines[1:])
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await read_body(reader, headers)
        return Request(parts[0], parts[1], headers, body, writer)

    async def _write(self, reader, writer, response, keep):
        """False when the connection must end."""
        if response.wire:
            return await self._write_badly(reader, writer, response)
        writer.write(response.head(not keep) + response.body)
        await writer.drain()
        if response.sent:
            response.sent()
        return True

    async def _write_badly(self, reader, writer, response):
        what, data = response.wire[0], response.head(True) + response.body
        if what == "reset":
            writer.transport.abort()
        elif what == "hang":
            await wait_gone(reader, None)
        elif what == "cut":
            end = len(data) - len(response.body) + int(len(response.body) * response.wire[1])
            writer.write(data[:end])
            await writer.drain()
        elif what == "slow":
            if not await wait_gone(reader, response.wire[1]):
                writer.write(data)
                await writer.drain()
                if response.sent:
                    response.sent()
        elif what == "drip":
            for at in range(len(data)):
                writer.write(data[at:at + 1])
                if await wait_gone(reader, response.wire[1]):
                    break
        return False
