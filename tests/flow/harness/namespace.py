# SPDX-License-Identifier: MIT
"""A network namespace as a lot's network behind NAT: it has a loopback of its own and no other interface.
What runs in it gets out through one gateway, which only passes on connections that begin inside; nobody gets
in.

Files are shared, so the gateway's far ends are UNIX sockets: `outward` is where the world listens, `test` a way
for the test alone to talk to a simulator inside.
"""
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import sys
import threading

OUT_PORT, SIM_PORT = 9200, 9100           # in a fresh namespace every port is free
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def refused():
    """Why no namespace can be made here; None: one can."""
    try:
        done = subprocess.run(["unshare", "-Urn", "true"], capture_output=True, text=True, timeout=20,
                              check=False)
    except OSError as why:
        return str(why)
    return None if done.returncode == 0 else done.stderr.strip() or "unshare failed"


class Namespace:
    def __init__(self, folder):
        from .process import Process
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.outward, self.test = self.folder / "out.sock", self.folder / "test.sock"
        self.gateway = Process(["unshare", "-Urn", sys.executable, __file__, self.outward, self.test],
                               self.folder / "gateway.log", first_line=True)
        self.wrap = ["nsenter", "--preserve-credentials", "-U", "-n", "-t", str(self.gateway.pid)]
        self.url = f"http://127.0.0.1:{OUT_PORT}"        # inside: the way out

    def listen(self):
        """The world's end of the way out."""
        world = socket.socket(socket.AF_UNIX)
        world.bind(str(self.outward))
        world.listen()
        return world

    def inode(self, pid="self"):
        return os.stat(f"/proc/{pid}/ns/net").st_ino

    def close(self):
        self.gateway.kill()
        self.gateway.popen.stdout.close()


# ---- inside

def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for one in (source, sink):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(listener, connect):
    while True:
        near, _ = listener.accept()
        try:
            far = connect()
        except OSError:
            near.close()
            continue
        for pair in ((near, far), (far, near)):
            threading.Thread(target=pump, args=pair, daemon=True).start()


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def to_world(path):
    far = socket.socket(socket.AF_UNIX)
    far.connect(path)
    return far


def main(outward, test):
    raise_loopback()
    for_test = socket.socket(socket.AF_UNIX)
    for_test.bind(test)
    for_test.listen()
    out = socket.create_server(("127.0.0.1", OUT_PORT))
    threading.Thread(target=serve, args=(for_test, lambda: socket.create_connection(("127.0.0.1", SIM_PORT))),
                     daemon=True).start()
    print("ready", flush=True)
    serve(out, lambda: to_world(outward))


if __name__ == "__main__":
    main(*sys.argv[1:])
