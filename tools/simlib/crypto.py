# SPDX-License-Identifier: MIT
"""Signatures and ciphers of the dialects, as PROTOCOLS describes them; independent of parkd's own code on
purpose.

Everything takes and gives bytes or text, and keeps nothing.
"""
import base64
import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def md5_upper(text):
    return hashlib.md5(text.encode() if isinstance(text, str) else text).hexdigest().upper()


def jieshun_sn(p, sign_key):
    """V1: upper(MD5(p + signKey)) over the exact bytes of p."""
    return md5_upper((p if isinstance(p, bytes) else p.encode()) + sign_key.encode())


def keytop_text(fields, secret):
    """V2: sorted k=v& without key, appId, empty values, arrays and objects; then the secret."""
    kept = {k: v for k, v in fields.items()
            if k not in ("key", "appId") and v not in (None, "") and not isinstance(v, (list, dict))}
    return "&".join(f"{k}={kept[k]}" for k in sorted(kept)) + "&" + secret


def keytop_key(fields, secret):
    return md5_upper(keytop_text(fields, secret))


def hikvision_text(app_key, timestamp, path, accept="*/*", content_type="application/json"):
    """V3: the string that an Artemis gateway signs."""
    return f"POST\n{accept}\n{content_type}\nx-ca-key:{app_key}\nx-ca-timestamp:{timestamp}\n{path}"


def wuhan_sign(data, park, secret, moment):
    """V17: upper(MD5(data & parkId & secret & timeStamp)), data the bytes as sent."""
    return md5_upper(data + f"&{park}&{secret}&{moment}".encode())


def bolink_sign(data, key):
    """V8, and V16 by inference: upper(MD5(text of data + "key=" + key))."""
    return md5_upper(data + b"key=" + key.encode())


def bolink_fields_sign(fields, key):
    """V9: upper(MD5(sorted k=v& without empty values + "key=" + key))."""
    kept = {k: v for k, v in fields.items() if v not in (None, "")}
    return md5_upper("&".join(f"{k}={kept[k]}" for k in sorted(kept)) + "key=" + key)


def pyun_sign(fields, secret):
    """V7, and V5 by inference: upper(MD5(sorted k=v& + &app_secret= + secret)), without sign."""
    text = "&".join(f"{k}={fields[k]}" for k in sorted(fields) if k != "sign")
    return md5_upper(text + f"&app_secret={secret}")


def tdznyun_sign(fields, key):
    """V11: upper(MD5(sorted k=v& + &key= + key)); bizContent as its text."""
    return md5_upper("&".join(f"{k}={fields[k]}" for k in sorted(fields)) + f"&key={key}")


def hmac_sha256_b64(secret, data):
    key = secret.encode() if isinstance(secret, str) else secret
    body = data.encode() if isinstance(data, str) else data
    return base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()


def webhook_secret(text):
    """The bytes of a Standard Webhooks secret: whsec_<Base64>, or Base64 alone."""
    return base64.b64decode(text.removeprefix("whsec_"))


def webhook_sign(secret, ident, timestamp_s, body):
    """webhook-signature: v1,<Base64 of HMAC-SHA256 over id.timestamp.body>."""
    return "v1," + hmac_sha256_b64(webhook_secret(secret), f"{ident}.{timestamp_s}.".encode() + body)


def webhook_good(secret, ident, timestamp_s, body, signatures):
    """Whether one of the signatures, separated by blanks, is right."""
    wanted = webhook_sign(secret, ident, timestamp_s, body)
    return any(hmac.compare_digest(wanted, one) for one in signatures.split(" "))


def _der(text):
    return "BEGIN" not in text


def private_key(text):
    """From PEM, or the Base64 of PKCS#8 DER as vendors hand it out."""
    if _der(text):
        return serialization.load_der_private_key(base64.b64decode(text), None)
    return serialization.load_pem_private_key(text.encode(), None)


def public_key(text):
    if _der(text):
        return serialization.load_der_public_key(base64.b64decode(text))
    return serialization.load_pem_public_key(text.encode())


def new_rsa_pair(bits=1024):
    """(private PKCS#8 PEM, public PEM) for a test; 1024 bits is what Hangzhou uses."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM,
                                           serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def _power(numbers, block):
    """block^d mod n by the two primes, four times faster than without."""
    m1, m2 = pow(block, numbers.dmp1, numbers.p), pow(block, numbers.dmq1, numbers.q)
    return m2 + (numbers.iqmp * (m1 - m2) % numbers.p) * numbers.q


def rsa_private_encrypt(key, data):
    """Hangzhou's cipher: pieces of key size - 11 bytes, PKCS#1 v1.5 type 1, with the private key."""
    numbers, size, out = key.private_numbers(), key.key_size // 8, b""
    for at in range(0, len(data), size - 11):
        piece = data[at:at + size - 11]
        block = b"\x00\x01" + b"\xff" * (size - 3 - len(piece)) + b"\x00" + piece
        out += _power(numbers, int.from_bytes(block, "big")).to_bytes(size, "big")
    return out


def rsa_public_open(key, cipher):
    """The inverse, with the public key. ValueError when it was not made by that private key."""
    numbers, size, out = key.public_numbers(), key.key_size // 8, b""
    if not cipher or len(cipher) % size:
        raise ValueError("cipher length")
    for at in range(0, len(cipher), size):
        block = pow(int.from_bytes(cipher[at:at + size], "big"), numbers.e, numbers.n).to_bytes(size, "big")
        end = block.find(b"\x00", 2)
        if block[:2] != b"\x00\x01" or end < 10 or block[2:end].strip(b"\xff"):
            raise ValueError("cipher padding")
        out += block[end + 1:]
    return out


def rsa_md5_sign(key, data):
    return key.sign(data, padding.PKCS1v15(), hashes.MD5())


def rsa_md5_good(key, data, signature):
    try:
        key.verify(signature, data, padding.PKCS1v15(), hashes.MD5())
        return True
    except InvalidSignature:
        return False


def hangzhou_seal(key, text):
    """P1: (cipher, sign) of the JSON text {"data":...}; sign covers the Base64 of the cipher."""
    cipher = base64.b64encode(rsa_private_encrypt(key, text.encode()))
    return cipher.decode(), base64.b64encode(rsa_md5_sign(key, cipher)).decode()


def hangzhou_open(key, cipher, sign):
    """The text in a cipher. ValueError: wrong signature, or not sealed by that key."""
    if not rsa_md5_good(key, cipher.encode(), base64.b64decode(sign, validate=True)):
        raise ValueError("wrong signature")
    return rsa_public_open(key, base64.b64decode(cipher, validate=True)).decode()


def rsa_public_encrypt(key, data):
    """Qingdao's cipher: pieces of key size - 11 bytes, PKCS#1 v1.5 type 2, for the owner of the private key."""
    size = key.key_size // 8 - 11
    return b"".join(key.encrypt(data[at:at + size], padding.PKCS1v15()) for at in range(0, len(data), size))


def rsa_private_open(key, cipher):
    """The inverse. ValueError: not made for this key."""
    size = key.key_size // 8
    if not cipher or len(cipher) % size:
        raise ValueError("cipher length")
    return b"".join(key.decrypt(cipher[at:at + size], padding.PKCS1v15()) for at in range(0, len(cipher), size))


def qingdao_seal(private, peer, text):
    """P1b: (cipher, sign) of a JSON text, encrypted for `peer`, signed by `private`."""
    cipher = base64.b64encode(rsa_public_encrypt(peer, text.encode()))
    return cipher.decode(), base64.b64encode(rsa_md5_sign(private, cipher)).decode()


def qingdao_open(private, peer, cipher, sign):
    """The text in a cipher made for `private` by `peer`. ValueError: wrong signature, or not for us."""
    if not rsa_md5_good(peer, cipher.encode(), base64.b64decode(sign, validate=True)):
        raise ValueError("wrong signature")
    return rsa_private_open(private, base64.b64decode(cipher, validate=True)).decode()


def hefei_sign(key, envelope):
    """P2: SHA256withRSA over access_id + data + sign_type + time_stamp."""
    text = "".join(str(envelope[name]) for name in ("access_id", "data", "sign_type", "time_stamp"))
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()


def hefei_good(key, envelope):
    text = "".join(str(envelope[name]) for name in ("access_id", "data", "sign_type", "time_stamp"))
    try:
        sign = base64.b64decode(envelope["sign"], validate=True)
        key.verify(sign, text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return True
    except (InvalidSignature, ValueError):
        return False
