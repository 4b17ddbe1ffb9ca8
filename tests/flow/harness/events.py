# SPDX-License-Identifier: MIT
"""A reader of server-sent events, by the rules of the HTML standard: lines, fields, an event at each empty line."""
import email
import json
import select
import socket
import urllib.parse

from .wait import wait_for


class Event:
    def __init__(self, kind, ident, data):
        self.kind, self.id, self.data = kind, ident, data

    def json(self):
        return json.loads(self.data)

    def __repr__(self):
        return f"<{self.kind} {self.id} {self.data[:200]}>"


class Stream:
    """One reader, as slow as its owner: nothing is read but in `look` and what calls it. Its own socket, because http.client cannot be
    asked whether there is something to read."""

    def __init__(self, base, query="", last_id=None, headers=None, buffer_bytes=None):
        split = urllib.parse.urlsplit(base)
        self.socket = socket.socket()
        if buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.socket.settimeout(20)
        self.socket.connect((split.hostname, split.port))
        sent = {"Host": split.netloc, "Accept": "text/event-stream", **({"Last-Event-ID": last_id} if last_id else {}), **(headers or {})}
        self.socket.sendall(f"GET /v1/stream{query} HTTP/1.1\r\n{''.join(f'{k}: {v}{chr(13)}{chr(10)}' for k, v in sent.items())}\r\n".encode())
        head, self._raw = b"", b""
        while b"\r\n\r\n" not in head:
            head += self.socket.recv(1 if buffer_bytes else 4096)
        head, self._raw = head.split(b"\r\n\r\n", 1)
        first, _, fields = head.decode().partition("\r\n")
        self.status, self.headers = int(first.split()[1]), email.message_from_string(fields)
        self.events, self.comments, self.retry, self.last_id, self.ended = [], 0, None, last_id, False
        self._rest, self._kind, self._data = b"", "", []

    def close(self):
        self.socket.close()

    def problem(self):
        while len(self._raw) < int(self.headers["Content-Length"]):
            self._raw += self.socket.recv(4096)
        return json.loads(self._raw)

    def look(self):
        """Reads what is there; returns all events so far."""
        while not self.ended and select.select([self.socket], [], [], 0)[0]:
            try:
                got = self.socket.recv(65536)
            except OSError:
                got = b""
            self.ended = not got
            self._raw += got
        self._chunks()
        return self.events

    def _chunks(self):
        while b"\r\n" in self._raw:
            size, rest = self._raw.split(b"\r\n", 1)
            n = int(size, 16)
            if len(rest) < n + 2:
                return
            self._raw, self.ended = rest[n + 2:], self.ended or n == 0
            *lines, self._rest = (self._rest + rest[:n]).split(b"\n")
            for line in lines:
                self._line(line.decode())

    def _line(self, line):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if self._data:
                self.events.append(Event(self._kind or "message", self.last_id, "\n".join(self._data)))
            self._kind, self._data = "", []
        elif not name:
            self.comments += 1
        elif name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "id":
            self.last_id = value
        elif name == "retry":
            self.retry = int(value)

    def wait(self, found, what, limit_s=20):
        """Until found(events) is something."""
        return wait_for(lambda: found(self.look()), limit_s, lambda: f"{what} among {self.events[-8:]}")

    def first(self, kind):
        return self.wait(lambda events: next((one for one in events if one.kind == kind), None), f"an event {kind}")

    def free(self, lot):
        """The last number told of a lot; None: unknown or not told."""
        told = [one.json() for one in self.look() if one.kind == "lot"]
        return next((one["free"] for one in reversed(told) if one["id"] == lot), None)
