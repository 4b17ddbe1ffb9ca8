# SPDX-License-Identifier: MIT
"""What the simulated lots speak. A polled dialect answers parkd's requests, a pushed one sends to parkd.

Both are made once per feed. Where PROTOCOLS does not know a vendor's error code, the one here is invented: a
client must treat every code but the good one as failure.
"""
from .alibaba import Alibaba
from .bolink import Bolink, BolinkQuery
from .boxes import B30, ParkingOS, PlateRecognition, Wuhan
from .changzhou import Changzhou
from .dahua import Dahua
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
from .pyun import PyunApi, PyunGateway, PyunLot
from .qingdao import Qingdao
from .tdznyun import Tdznyun, TdznyunLot
from .xicheng import Xicheng, XichengOld
from .xuzhou import Xuzhou

POLLED = {one.name: one for one in (Generic, Hikvision, Keytop, Jieshun, Dahua, Alibaba, PyunGateway, PyunApi,
                                    BolinkQuery, Tdznyun)}
PUSHED = {one.name: one for one in (Native, Hangzhou, Qingdao, Hefei, Changzhou, Xuzhou, Kunming, Guiyang,
                                    Xicheng, XichengOld, Guangzhou, PlateRecognition, B30, ParkingOS, Wuhan,
                                    PyunLot, Bolink, TdznyunLot)}
ALL = POLLED | PUSHED
