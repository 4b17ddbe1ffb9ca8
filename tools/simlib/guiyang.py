# SPDX-License-Identifier: MIT
"""P6, Guiyang's envelopes in both versions: closed by a lot's client, opened by the platform.

v1 signs the envelope with RSA-SHA256 and encrypts with AES; v2 signs the business fields with SM2 and
encrypts with SM4, padding twice where the found client does.
"""
import base64
import json
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding as blocks
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import crypto, gm
from .clock import BEIJING_S, beijing
from .http import dumps

PATHS = {"v1": "/api/mercury/park/heartbeat", "v2": "/open-server/api/mercury/park/heartbeat"}


def joined(fields, without=()):
    """Sorted k=v&, empty values too."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name not in without).encode()


def malformed(wall):
    """What PHP makes of date('yyyyMMddHHmmss'), the newer client's timestamp."""
    return time.strftime("%y%y%y%y%b%b%d%d%H%H%m%m%S%S", time.gmtime(wall // 1000 + BEIJING_S))


def _aes(key):
    return Cipher(algorithms.AES(key), modes.CBC(bytes(16)))


def aes_encrypt(key, data):
    encryptor = _aes(key).encryptor()
    return encryptor.update(gm.pad(data)) + encryptor.finalize()


def aes_decrypt(key, data):
    """ValueError: not encrypted with that key."""
    decryptor, unpadder = _aes(key).decryptor(), blocks.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()


class Sender:
    """A lot's client."""

    def __init__(self, version, app_id, cipher_key, private_key, pads_twice=False):
        self.version, self.app_id, self.pads_twice = version, app_id, pads_twice
        self.cipher_key = base64.b64decode(cipher_key)
        self.key = crypto.private_key(private_key) if version == "v1" else gm.Key(private_key)

    def envelope(self, fields, wall):
        text = dumps(fields)
        if self.version == "v1":
            out = {"app_id": self.app_id, "version": "1.0.0",
                   "timestamp": "".join(c for c in beijing(wall) if c.isdigit()),
                   "data": base64.b64encode(aes_encrypt(self.cipher_key, text)).decode()}
            sign = self.key.sign(joined(out), padding.PKCS1v15(), hashes.SHA256())
            return out | {"sign": base64.b64encode(sign).decode(), "image": ""}
        data = gm.sm4_encrypt(self.cipher_key, gm.pad(text) if self.pads_twice else text)
        return {"app_id": self.app_id, "timestamp": malformed(wall), "data": base64.b64encode(data).decode(),
                "sign": base64.b64encode(self.key.sign(joined(fields))).decode()}


class Receiver:
    """The platform."""

    def __init__(self, version, app_id, cipher_key, public_key):
        self.version, self.app_id = version, app_id
        self.cipher_key = base64.b64decode(cipher_key)
        self.key = crypto.public_key(public_key) if version == "v1" else gm.Key(public_key)

    def open(self, envelope):
        """(fields, their text). ValueError: not signed, or not encrypted, by this sender."""
        if envelope.get("app_id") != self.app_id:
            raise ValueError(f"app_id {envelope.get('app_id')!r}")
        data = base64.b64decode(envelope["data"], validate=True)
        sign = base64.b64decode(envelope["sign"], validate=True)
        if self.version == "v1":
            try:
                signed = joined(envelope, ("sign", "image"))
                self.key.verify(sign, signed, padding.PKCS1v15(), hashes.SHA256())
            except InvalidSignature:
                raise ValueError("wrong signature") from None
            text = aes_decrypt(self.cipher_key, data)
            return json.loads(text), text.decode()
        text = gm.sm4_decrypt(self.cipher_key, data).rstrip(bytes(range(1, 17)))
        fields = json.loads(text)
        if not self.key.good(joined(fields), sign):
            raise ValueError("wrong signature")
        return fields, text.decode()
