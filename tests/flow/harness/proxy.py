# SPDX-License-Identifier: MIT
"""A TCP link that can be cut, held and restored."""
import select
import socket
import threading


class Proxy:
    """Forwards 127.0.0.1:port, or a listening socket that is given, to `target` (host, port). Modes:
    "forward"; "cut" (open connections end, new ones are reset); "hold" (connections stay, nothing passes)."""

    def __init__(self, target, listener=None):
        self.target, self.mode = target, "forward"
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1] if listener is None else None
        self.url = f"http://127.0.0.1:{self.port}"
        self._pairs, self._lock, self._over = set(), threading.Lock(), False
        self._bell, self._wake = socket.socketpair()
        self.bytes = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self):
        self._set("cut")

    def hold(self):
        self._set("hold")

    def restore(self):
        self._set("forward")

    def _set(self, mode):
        with self._lock:
            self.mode = mode
            if mode == "cut":
                self._drop_all()
        self._wake.send(b"x")

    def close(self):
        self._over = True
        self._wake.send(b"x")
        self._thread.join(10)
        self._drop_all()
        for one in (self.listener, self._bell, self._wake):
            one.close()

    def _drop_all(self):
        for pair in self._pairs:
            for one in pair:
                one.close()
        self._pairs.clear()

    def _run(self):
        while not self._over:
            with self._lock:
                pairs = self._pairs if self.mode == "forward" else ()
                ways = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
            try:
                ready, _, _ = select.select([self.listener, self._bell, *ways], [], [], 5)
            except (OSError, ValueError):                # a pair was closed meanwhile
                continue
            with self._lock:
                for one in ready:
                    self._serve(one, ways)

    def _serve(self, one, ways):
        if one is self._bell:
            one.recv(100)
        elif one is self.listener:
            self._accept()
        elif one.fileno() >= 0 and self.mode == "forward":
            self._forward(one, ways[one])

    def _accept(self):
        near, _ = self.listener.accept()
        if self.mode == "cut":
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            near.close()
            return
        try:
            self._pairs.add((near, socket.create_connection(self.target, 5)))
        except OSError:
            near.close()

    def _forward(self, one, other):
        try:
            data = one.recv(65536)
            if data:
                other.sendall(data)
                self.bytes += len(data)
                return
        except OSError:
            pass
        self._pairs = {pair for pair in self._pairs if one not in pair}
        one.close()
        other.close()
