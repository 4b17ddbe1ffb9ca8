# SPDX-License-Identifier: MIT
"""The protocols that the platform speaks, by the name of parkd's dialect."""
from .bolink import BolinkIn
from .changzhou import ChangzhouIn
from .guangzhou import GuangzhouIn
from .guiyang import GuiyangIn
from .hangzhou import HangzhouIn
from .hefei import HefeiIn
from .kunming import KunmingIn
from .native import NativeIn
from .ngsi_ld import NgsiLdIn
from .plain import PlainIn
from .qingdao import QingdaoIn
from .xicheng import XichengIn, XichengOldIn
from .xuzhou import XuzhouIn

ALL = {"native": NativeIn, "hangzhou": HangzhouIn, "qingdao": QingdaoIn, "hefei": HefeiIn,
       "changzhou": ChangzhouIn, "xuzhou": XuzhouIn,
       "kunming": KunmingIn, "guiyang": GuiyangIn, "xicheng": XichengIn, "xicheng-old": XichengOldIn,
       "guangzhou": GuangzhouIn,
       "bolink": BolinkIn, "ngsi-ld": NgsiLdIn, "plain": PlainIn}
