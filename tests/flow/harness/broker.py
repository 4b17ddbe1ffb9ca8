# SPDX-License-Identifier: MIT
"""A real MQTT broker (mosquitto) and somebody who publishes there."""
import pathlib
import shutil
import socket
import struct
import subprocess

from .process import Process, free_port
from .wait import wait_for

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin") or "mosquitto"
PASSWD = shutil.which("mosquitto_passwd") or "mosquitto_passwd"


class Broker:
    """users: {name: password}, or everybody. tls: a folder with server.pem, and client-ca.pem to ask for
    certificates. It may be killed and started again at the same port."""

    def __init__(self, folder, users=None, tls=None, port=None, more=()):
        self.folder, self.port = pathlib.Path(folder), port or free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.tls, self.users = tls, users
        self.inside = free_port() if tls or users else self.port     # where the test itself publishes
        self.process = None
        self._write_conf(more)

    def _write_conf(self, more):
        lines = ["per_listener_settings true", "user root", "persistence true",
                 f"persistence_location {self.folder}/", "max_queued_messages 5000", "sys_interval 0",
                 f"listener {self.port} 127.0.0.1"]
        if self.users:
            path = self.folder / "passwd"
            path.write_text("")
            for name, password in self.users.items():
                subprocess.run([PASSWD, "-b", path, name, password], check=True, capture_output=True)
            lines.append(f"password_file {path}")
        lines.append(f"allow_anonymous {'false' if self.users else 'true'}")
        if self.tls:
            lines += [f"certfile {self.tls}/server.pem", f"keyfile {self.tls}/server.pem"]
            if (pathlib.Path(self.tls) / "client-ca.pem").exists():
                lines += [f"cafile {self.tls}/client-ca.pem", "require_certificate true"]
        lines += more
        if self.inside != self.port:
            lines += [f"listener {self.inside} 127.0.0.1", "allow_anonymous true"]
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def url(self, host="127.0.0.1"):
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    def start(self):
        self.process = Process([MOSQUITTO, "-c", self.folder / "mosquitto.conf"],
                               self.folder / "mosquitto.log")
        wait_for(lambda: Publisher(self.inside).close() is None,
                 what=lambda: f"the broker to answer: {self.process.tail()}")
        return self

    def kill(self):
        self.process.kill()

    def end(self):
        """In order: it saves its sessions and retained messages."""
        self.process.end()

    def close(self):
        if self.process:
            self.process.kill()

    def publisher(self):
        return Publisher(self.inside)


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def packet(kind, body):
    size, n = b"", len(body)
    while True:
        size += bytes([n % 128 | (128 if n > 127 else 0)])
        n //= 128
        if not n:
            return bytes([kind]) + size + body


class Publisher:
    """Publishes with QoS 0, or with QoS 1 and waits until the broker has it."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.sock.sendall(packet(0x10, text("MQTT") + bytes([4, 2, 0, 60]) + text("publisher")))
        answer = self._exactly(4)
        if answer[0] != 0x20 or answer[3]:
            raise ConnectionError(f"the broker refused: {answer!r}")

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise ConnectionError("the broker hung up")
            data += more
        return data

    def publish(self, topic, payload, qos=1, retain=False):
        payload = payload.encode() if isinstance(payload, str) else payload
        head = 0x30 | (qos << 1) | retain
        self.sock.sendall(packet(head, text(topic) + (b"\0\1" if qos else b"") + payload))
        if qos == 1:
            self._exactly(4)
        elif qos == 2:
            self._exactly(4)
            self.sock.sendall(bytes([0x62, 2, 0, 1]))
            self._exactly(4)

    def close(self):
        self.sock.close()
