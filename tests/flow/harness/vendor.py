# SPDX-License-Identifier: MIT
"""A vendor's server that wants to know who asks: what it was asked is kept, what it answers is the test's."""
import http.server
import json
import ssl
import sys
import threading
import time
import urllib.parse

from .sims import TOOLS

sys.path.insert(0, str(TOOLS))

from simlib import tls as sim_tls  # noqa: E402


class Asked:
    """One request. `at`: when its head had been read."""

    def __init__(self, handler, body):
        split = urllib.parse.urlsplit(handler.path)
        self.at = time.monotonic()
        self.method, self.path, self.body = handler.command, split.path, body.decode()
        self.query = dict(urllib.parse.parse_qsl(split.query))
        self.form = dict(urllib.parse.parse_qsl(self.body))
        self.headers = handler.headers
        peer = handler.connection.getpeercert() if isinstance(handler.connection, ssl.SSLSocket) else None
        self.subject = dict(pair[0] for pair in peer["subject"]) if peer else {}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True               # head and body are two writes

    def _answer(self):
        asked = Asked(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))
        vendor = self.server.vendor
        with vendor.lock:
            vendor.asked.append(asked)
            status, document, *more = vendor.answer(asked)
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)),
                            **(more[0] if more else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Refused handshakes are part of the tests."""


class Vendor:
    """answer(asked) → (status, document[, headers]) is called under the lock. folder: makes it TLS, with certificates
    there; `clients`: only with a client certificate of ours."""

    def __init__(self, answer, folder=None, clients=False):
        self.answer, self.asked, self.lock = answer, [], threading.Lock()
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.vendor = self
        if folder:
            context = sim_tls.prepare(str(folder), clients)
            # The handshake in the request's own thread: one that never comes must not stop the others.
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.url = f"http{'s' if folder else ''}://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def of(self, path):
        with self.lock:
            return [one for one in self.asked if one.path == path]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
