# SPDX-License-Identifier: MIT
"""A small Redis client (RESP2), and a redis-server of our own."""
import socket

from .process import Process, free_port
from .wait import wait_for


class RedisError(Exception):
    """An error reply."""


class Redis:
    """One connection, opened at the first call. Replies: int, bytes, None, list. A lost connection is an
    OSError."""

    def __init__(self, url, timeout=10):
        self.url, self.timeout = url, timeout
        self.sock = self.file = None

    def _open(self):
        if self.url.startswith("unix:"):
            self.sock = socket.socket(socket.AF_UNIX)
            where = "/" + self.url[5:].lstrip("/")
        else:
            self.sock = socket.socket()
            host, _, port = self.url.split("/")[2].rpartition(":")
            where = (host, int(port))
        self.sock.settimeout(self.timeout)
        self.sock.connect(where)
        self.file = self.sock.makefile("rb")

    def close(self):
        if self.sock:
            self.sock.close()
        if self.file:
            self.file.close()
        self.sock = self.file = None

    def __call__(self, *words):
        words = [one if isinstance(one, bytes) else str(one).encode() for one in words]
        data = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(one), one) for one in words)
        # the server may have been started again since the last call
        if self.file is not None:
            try:
                return self._ask(data)
            except OSError:
                self.close()
        self._open()
        try:
            return self._ask(data)
        except OSError:
            self.close()
            raise

    def _ask(self, data):
        self.sock.sendall(data)
        return self._reply()

    def _reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind in b"+":
            return rest
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))]
        return self.file.read(int(rest) + 2)[:-2]

    def hash(self, key):
        """HGETALL as a dict of text."""
        flat = [one.decode() for one in self("HGETALL", key)]
        return dict(zip(flat[::2], flat[1::2]))

    def info(self, field):
        for line in self("INFO").decode().splitlines():
            if line.startswith(field + ":"):
                return line.partition(":")[2]
        raise KeyError(field)


class RedisServer:
    """An external redis-server with an append-only file, which may be killed and started again."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process = None
        folder.mkdir(parents=True, exist_ok=True)

    def start(self):
        self.process = Process(["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir",
                                self.folder,
                                "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                                "--daemonize", "no"], self.folder / "redis.log")
        client = Redis(self.url)
        wait_for(lambda: self._loaded(client), what="redis-server to have loaded its file")
        client.close()
        return self

    @staticmethod
    def _loaded(client):
        try:
            return client("PING") == b"PONG"
        except RedisError:                               # LOADING
            return False

    def kill(self):
        self.process.kill()

    def close(self):
        if self.process:
            self.process.kill()
