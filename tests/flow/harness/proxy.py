# SPDX-License-Identifier: MIT
"""A TCP link that can be cut, held, slowed down to a byte a second, spoilt and restored."""
import select
import socket
import struct
import threading
import time

RESET = struct.pack("ii", 1, 0)           # SO_LINGER: closing sends a reset
DRIP_S = 1.0


class Proxy:
    """Forwards 127.0.0.1:port, or a listening socket that is given, to `target` (host, port). Modes:
    "forward"; "cut" (open connections end, new ones are reset); "hold" (connections stay, nothing passes);
    "drip" (what the target says passes a byte a second); "garble" (its bytes are spoilt).
    say_instead(data): the next thing that the target says is replaced. cut_after(n): a connection is reset once
    so many bytes went to the target."""

    def __init__(self, target, listener=None):
        self.target, self.mode = target, "forward"
        self.listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1] if listener is None else None
        self.url = f"http://127.0.0.1:{self.port}"
        self._pairs, self._lock, self._over = set(), threading.Lock(), False
        self._bell, self._wake = socket.socketpair()
        self._instead, self._limit, self._sent = None, None, {}
        self._drops, self._next_drop = {}, 0.0           # near socket -> bytes that still drip
        self.bytes = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self):
        self._set("cut")

    def hold(self):
        self._set("hold")

    def drip(self):
        self._set("drip")

    def garble(self):
        self._set("garble")

    def restore(self):
        """Forwards again. Connections that were spoilt end: nobody knows what they missed."""
        if self.mode in ("drip", "garble"):
            self._set("cut")
        self._instead = self._limit = None
        self._set("forward")

    def say_instead(self, data):
        with self._lock:
            self._instead = data

    def cut_after(self, count):
        with self._lock:
            self._limit = count

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
        self._drops.clear()
        self._sent.clear()

    def _run(self):
        while not self._over:
            with self._lock:
                pairs = () if self.mode in ("hold", "cut") else self._pairs
                ways = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
                wait = 0.1 if self._drops else 5
            try:
                ready, _, _ = select.select([self.listener, self._bell, *ways], [], [], wait)
            except (OSError, ValueError):                # a pair was closed meanwhile
                continue
            with self._lock:
                for one in ready:
                    self._serve(one, ways)
                self._let_drop()

    def _serve(self, one, ways):
        if one is self._bell:
            one.recv(100)
        elif one is self.listener:
            self._accept()
        elif one.fileno() >= 0 and self.mode not in ("hold", "cut"):
            self._forward(one, ways[one])

    def _accept(self):
        near, _ = self.listener.accept()
        if self.mode == "cut":
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            near.close()
            return
        try:
            self._pairs.add((near, socket.create_connection(self.target, 5)))
        except OSError:
            near.close()

    def _forward(self, one, other):
        said = any(one is far for _, far in self._pairs)
        try:
            data = one.recv(65536)
            if data:
                self._pass(data, one, other, said)
                return
        except OSError:
            pass
        self._end(one, other)

    def _pass(self, data, one, other, said):
        self.bytes += len(data)
        if said and self._instead is not None:
            data, self._instead = self._instead, None
        if said and self.mode == "drip":
            self._drops[other] = self._drops.get(other, b"") + data
        elif said and self.mode == "garble":
            other.sendall(bytes(255 - byte for byte in data))
        elif not said and self._limit is not None:
            self._up_to_limit(data, one, other)
        else:
            other.sendall(data)

    def _up_to_limit(self, data, one, other):
        left = self._limit - self._sent.get(one, 0)
        other.sendall(data[:left])
        self._sent[one] = self._sent.get(one, 0) + len(data)
        if len(data) >= left:
            for end in (one, other):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self._end(one, other)

    def _end(self, one, other):
        self._pairs = {pair for pair in self._pairs if one not in pair}
        for end in (one, other):
            self._drops.pop(end, None)
            self._sent.pop(end, None)
            end.close()

    def _let_drop(self):
        if time.monotonic() < self._next_drop:
            return
        self._next_drop = time.monotonic() + DRIP_S
        for near, data in list(self._drops.items()):
            try:
                near.sendall(data[:1])
                self._drops[near] = data[1:]
            except OSError:
                self._drops.pop(near)
