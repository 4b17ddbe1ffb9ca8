# SPDX-License-Identifier: MIT
"""Log-in tokens of a simulated vendor: they end after a while of real time, or all at once."""
import secrets

from .clock import real_ms

TTL_MS = 7_200_000


class Tokens:
    def __init__(self, ttl_ms=None):
        self.ttl_ms = TTL_MS if ttl_ms is None else ttl_ms
        self.ends = {}                    # token -> real ms at which it ends
        self.issued = 0

    def issue(self):
        now, token = real_ms(), secrets.token_hex(16)
        self.ends = {one: ends for one, ends in self.ends.items() if ends > now} | {token: now + self.ttl_ms}
        self.issued += 1
        return token

    def good(self, token):
        return self.ends.get(token, 0) > real_ms()

    def expire(self):
        self.ends.clear()
