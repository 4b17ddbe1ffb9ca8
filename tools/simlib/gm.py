# SPDX-License-Identifier: MIT
"""SM2 with SM3, and SM4-CBC, by the openssl command line: nothing of parkd's own code is in it."""
import pathlib
import subprocess
import tempfile

USER_ID = "1234567812345678"
_ZERO_IV = "0" * 32


def _openssl(*args, data=b"", wrong=(1,)):
    """What openssl writes; None when it says that the data are wrong."""
    done = subprocess.run(["openssl", *args], input=data, capture_output=True, check=False)
    if done.returncode not in (0, *wrong):
        raise OSError(done.stderr.decode("utf-8", "replace"))
    return done.stdout if done.returncode == 0 else None


def new_pair():
    """(private key, public key) as PEM."""
    private = _openssl("genpkey", "-algorithm", "SM2")
    return private.decode(), _openssl("pkey", "-pubout", data=private).decode()


class Key:
    """A private or public key in a file that goes with it: openssl reads keys from files only."""

    def __init__(self, pem):
        self._folder = tempfile.TemporaryDirectory(prefix="sm2-")
        self._path = pathlib.Path(self._folder.name)
        (self._path / "key.pem").write_text(pem, encoding="ascii")

    def _run(self, *args, data):
        return _openssl("pkeyutl", *args, "-rawin", "-digest", "sm3", "-inkey", str(self._path / "key.pem"),
                        "-pkeyopt", "distid:" + USER_ID, data=data)

    def sign(self, data):
        """DER."""
        return self._run("-sign", data=data)

    def good(self, data, signature):
        (self._path / "signature").write_bytes(signature)
        done = self._run("-verify", "-pubin", "-sigfile", str(self._path / "signature"), data=data)
        return done is not None


def sm4_encrypt(key, data):
    return _openssl("enc", "-sm4-cbc", "-K", key.hex(), "-iv", _ZERO_IV, data=data)


def sm4_decrypt(key, data):
    """ValueError: not encrypted with that key."""
    text = _openssl("enc", "-d", "-sm4-cbc", "-K", key.hex(), "-iv", _ZERO_IV, data=data)
    if text is None:
        raise ValueError("not encrypted with this key")
    return text


def pad(data):
    """PKCS#7 to whole blocks of 16 bytes."""
    n = 16 - len(data) % 16
    return data + bytes([n]) * n
