# SPDX-License-Identifier: MIT
"""Processes that end with the test, also when the test fails or is killed."""
import ctypes
import os
import signal
import socket
import subprocess

_libc = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
END_S = 30


def _die_with_us():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _ports():
    """Each worker of a parallel run has ports of its own, below those that outgoing connections get: nobody takes one
    between two lives of the program that listens there. PORTS names others: FIRST,COUNT."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4
    first, many = map(int, os.environ.get("PORTS", f"{12000 + 4000 * worker},4000").split(","))
    at = os.getpid() % many
    while True:
        at = (at + 1) % many
        yield first + at


_next_port = _ports()


def free_port():
    while True:
        port = next(_next_port)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def alive(pid):
    """Whether that process runs (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


class Process:
    """A program with its output in a file. `first_line`: wait for one line on stdout and keep it."""

    def __init__(self, argv, log, first_line=False, env=None):
        self.log = log
        with open(log, "ab") as out:
            self.popen = subprocess.Popen([str(one) for one in argv], stdin=subprocess.DEVNULL, stderr=out,
                                          stdout=subprocess.PIPE if first_line else out,
                                          env={**os.environ, **(env or {})}, preexec_fn=_die_with_us)
        self.pid = self.popen.pid
        if first_line:
            self.hello = self.popen.stdout.readline()
            assert self.hello, f"{argv[0]} ended with {self.popen.wait()}:\n{self.tail()}"

    def running(self):
        return self.popen.poll() is None

    def tail(self, size=3000):
        return self.log.read_text(errors="replace")[-size:]

    def kill(self):
        """kill -9, and waits until it is gone."""
        if self.running():
            self.popen.kill()
        self.popen.wait()

    def end(self, number=signal.SIGTERM):
        """Asks it to end and returns the exit status; one that does not end is killed and fails the test."""
        if self.running():
            self.popen.send_signal(number)
        try:
            return self.popen.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            words = f"process {self.pid} did not end after signal {number}:\n{self.tail()}"
            raise AssertionError(words) from None
        finally:
            if self.popen.stdout:
                self.popen.stdout.close()
