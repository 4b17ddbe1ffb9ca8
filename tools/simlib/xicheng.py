# SPDX-License-Identifier: MIT
"""P7, what both hubs of Beijing Xicheng sign and how the new one encrypts."""
import base64
import hashlib
import hmac
import urllib.parse

from cryptography.hazmat.primitives import padding as blocks
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import gm

SIGNED = ("app_key", "app_uuid", "req_uuid", "sig_method", "timestamp")
METHODS = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}


def account(app_key, secret):
    """The account of one lot: the hubs give every lot its own. Here all are made of one secret."""
    return {"app_key": app_key, "app_secret": f"{secret}-{app_key}",
            "data_key": hashlib.sha256(f"{app_key}{secret}".encode()).hexdigest()[:16]}


def encode(data):
    """Base64 with * and - for + and /, without =."""
    return base64.b64encode(data).decode().rstrip("=").replace("+", "*").replace("/", "-")


def decode(text):
    """The inverse. ValueError."""
    return base64.b64decode(text.replace("*", "+").replace("-", "/") + "=" * (-len(text) % 4), validate=True)


def signature(fields, secret):
    """KeyError: a field is missing, or the method is none."""
    text = "&".join(f"{name}={fields[name]}" for name in SIGNED)
    return encode(hmac.new(secret.encode(), text.encode(), METHODS[fields["sig_method"]]).digest())


def query(fields, secret):
    return urllib.parse.urlencode(fields | {"signature": signature(fields, secret)})


def seal(data_key, data):
    encryptor = Cipher(algorithms.AES(data_key.encode()), modes.ECB()).encryptor()
    return encode(encryptor.update(gm.pad(data)) + encryptor.finalize())


def open_sealed(data_key, text):
    """ValueError: not sealed with that key."""
    decryptor = Cipher(algorithms.AES(data_key.encode()), modes.ECB()).decryptor()
    unpadder = blocks.PKCS7(128).unpadder()
    return unpadder.update(decryptor.update(decode(text)) + decryptor.finalize()) + unpadder.finalize()
