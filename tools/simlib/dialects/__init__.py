# SPDX-License-Identifier: MIT
"""What the simulated lots speak. A polled dialect answers parkd's requests, a pushed one sends to parkd.

Both are made once per feed. Where PROTOCOLS does not know a vendor's error code, the one here is invented: a
client must treat every code but the good one as failure.
"""
from .generic import Generic
from .hangzhou import Hangzhou
from .hikvision import Hikvision
from .jieshun import Jieshun
from .keytop import Keytop
from .native import Native

POLLED = {one.name: one for one in (Generic, Hikvision, Keytop, Jieshun)}
PUSHED = {one.name: one for one in (Native, Hangzhou)}
ALL = POLLED | PUSHED
