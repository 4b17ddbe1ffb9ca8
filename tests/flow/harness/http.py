# SPDX-License-Identifier: MIT
"""HTTP requests over TCP or a UNIX socket, one connection each."""
import http.client
import json
import socket
import urllib.parse


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class _Local(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("parkd", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def socket_path(url):
    """The path of unix:/path or unix:///path."""
    return "/" + url[5:].lstrip("/")


def connect(base, timeout):
    if base.startswith("unix:"):
        return _Local(socket_path(base), timeout)
    split = urllib.parse.urlsplit(base)
    return http.client.HTTPConnection(split.hostname, split.port, timeout=timeout)


def call(base, path, body=None, method=None, headers=None, timeout=15):
    """One request. A dict or list is sent as JSON. A broken conversation is an OSError."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body, ensure_ascii=False).encode()
        headers.setdefault("Content-Type", "application/json")
    connection = connect(base, timeout)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def raw(base, data, timeout=15):
    """Sends bytes as they are and returns all that comes back until the other side closes."""
    with _raw_socket(base, timeout) as sock:
        sock.sendall(data)
        return b"".join(iter(lambda: sock.recv(65536), b""))


def _raw_socket(base, timeout):
    connection = connect(base, timeout)
    connection.connect()
    return connection.sock
