# SPDX-License-Identifier: MIT
"""What the simulated lots speak. A polled dialect answers parkd's requests, a pushed one sends to parkd.

Both are made once per feed. Where PROTOCOLS does not know a vendor's error code, the one here is invented: a
client must treat every code but the good one as failure.
"""
from .changzhou import Changzhou
from .generic import Generic
from .guangzhou import Guangzhou
from .guiyang import Guiyang
from .hangzhou import Hangzhou
from .hefei import Hefei
from .hikvision import Hikvision
from .jieshun import Jieshun
from .keytop import Keytop
from .kunming import Kunming
from .native import Native
from .qingdao import Qingdao
from .xicheng import Xicheng, XichengOld
from .xuzhou import Xuzhou

POLLED = {one.name: one for one in (Generic, Hikvision, Keytop, Jieshun)}
PUSHED = {one.name: one for one in (Native, Hangzhou, Qingdao, Hefei, Changzhou, Xuzhou, Kunming, Guiyang,
                                    Xicheng, XichengOld, Guangzhou)}
ALL = POLLED | PUSHED
