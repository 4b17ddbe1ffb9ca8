# SPDX-License-Identifier: MIT
"""P1b, a lot's existing client for Qingdao's platform, pointed at parkd: Hangzhou's messages as a JSON text
inside JSON, encrypted with the receiver's public key."""
from .. import crypto
from ..http import dumps
from .hangzhou import Hangzhou


class Qingdao(Hangzhou):
    name = "qingdao"
    params_more = ("peer_key", "peer_private_key")
    state, heartbeat = "/uploadParkingState", "/uploadHeartbeat"

    @staticmethod
    def pair(_made):
        """The lot's pair, and the receiver's."""
        (private, public), (peer_private, peer) = crypto.new_rsa_pair(), crypto.new_rsa_pair()
        return {"private_key": private, "public_key": public, "peer_key": peer,
                "peer_private_key": peer_private}

    def seal(self, data):
        text = dumps({"data": dumps(data).decode()}).decode()
        return crypto.qingdao_seal(self.key, crypto.public_key(self.params["peer_key"]), text)
