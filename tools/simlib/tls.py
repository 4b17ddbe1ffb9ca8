# SPDX-License-Identifier: MIT
"""Throw-away certificates: a CA and a server certificate, and on request a client certificate under a CA of
its own."""
import datetime
import ipaddress
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FAULTS = ("expired", "wrong_host", "self_signed")


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(subject, key, issuer, ca_key, extensions, days=(-1, 30)):
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name(issuer))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(now + datetime.timedelta(days=days[0]))
               .not_valid_after(now + datetime.timedelta(days=days[1])))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(ca_key, hashes.SHA256())


def _ca(name):
    key = ec.generate_private_key(ec.SECP256R1())
    return key, _signed(name, key, name, key, [(x509.BasicConstraints(ca=True, path_length=0), True)])


def _write(path, *parts):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        for part in parts:
            if isinstance(part, x509.Certificate):
                file.write(part.public_bytes(serialization.Encoding.PEM))
            else:
                file.write(part.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                              serialization.NoEncryption()))


def _server(directory, ca_name, ca_key, hosts, fault):
    key = ec.generate_private_key(ec.SECP256R1())
    if fault == "wrong_host":
        hosts = ["elsewhere.invalid"]
    names = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    alone = fault == "self_signed"
    cert = _signed("platformsim", key, "platformsim" if alone else ca_name, key if alone else ca_key,
                   [(x509.SubjectAlternativeName(names), False),
                    (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)],
                   (-30, -1) if fault == "expired" else (-1, 30))
    _write(os.path.join(directory, "server.pem"), cert, key)


def prepare(directory, mutual=False, fault=None, hosts=("127.0.0.1", "::1", "localhost")):
    """Writes ca.pem and server.pem, for mutual TLS also client-ca.pem, client.pem, client.key.

    Returns the server's context.
    """
    os.makedirs(directory, exist_ok=True)
    ca_key, ca_cert = _ca("platformsim CA")
    _write(os.path.join(directory, "ca.pem"), ca_cert)
    _server(directory, "platformsim CA", ca_key, hosts, fault)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(directory, "server.pem"))
    if mutual:
        client_ca_key, client_ca = _ca("platformsim client CA")
        key = ec.generate_private_key(ec.SECP256R1())
        cert = _signed("parkd", key, "platformsim client CA", client_ca_key,
                       [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)])
        _write(os.path.join(directory, "client-ca.pem"), client_ca)
        _write(os.path.join(directory, "client.pem"), cert)
        _write(os.path.join(directory, "client.key"), key)
        context.load_verify_locations(os.path.join(directory, "client-ca.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
    return context
