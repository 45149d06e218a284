#!/usr/bin/env python3
"""The protocol of docs/offline-activation.md once more, written from that page with nothing but Python's standard library,
over the vectors given: exit status 0 when every one of them comes out the same on both sides."""
import base64
import hashlib
import hmac
import json
import sys

P = 2**255 - 19
TYPES = {"totp": 1, "hotp": 2}
SEED_BYTES = {0: 20, 1: 32, 2: 64}


def x25519(secret, public):
    """RFC 7748, section 5."""
    k = int.from_bytes(secret, "little") & ~7 & (2**254 - 1) | 2**254
    u = int.from_bytes(public, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def public_of(secret):
    return x25519(secret, (9).to_bytes(32, "little"))


def hmac_sha256(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def expand(key, label, context):
    """RFC 5869, section 2.3, one block; how label and context become "info" stands in docs/offline-activation.md."""
    return hmac_sha256(key, info(label, context) + b"\x01")


def info(label, context):
    return label.encode() + b"\x00" + context


def letters(data):
    return base64.b32encode(data).decode().rstrip("=")


def typed(data):
    text = letters(data)
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def text_field(text):
    data = text.encode()[:64].decode(errors="ignore").encode()
    return bytes([len(data)]) + data


def check(vector):
    raw = {name: bytes.fromhex(vector[name]) for name in ("secret", "registration", "account", "user", "device_secret_key")}
    first = b"\x01\x01" + raw["registration"] + raw["account"] + raw["user"] + vector["expires_at"].to_bytes(8, "big")
    first += text_field(vector["serial_number"]) + text_field(vector["account_name"]) + text_field(vector["user_name"])
    yield "first_picture", "COUNTERSIGN:" + letters(first)
    digest = hashlib.sha256(first).digest()

    password = expand(raw["secret"], "countersign offline 1 password", raw["registration"])[:10]
    yield "activation_password", typed(password)

    device = public_of(raw["device_secret_key"])
    checksum = hashlib.sha256(b"countersign offline 1 device code" + raw["registration"] + device).digest()[:3]
    yield "device_code", typed(device + checksum)

    server_secret = expand(raw["secret"], "countersign offline 1 server key", digest + device)
    server = public_of(server_secret)
    shared = x25519(server_secret, device)
    if shared != x25519(raw["device_secret_key"], server):
        yield "the two sides' shared secret", "differs"
    extracted = hmac_sha256(digest, shared + password)

    def key(use):
        return expand(extracted, "countersign offline 1 " + use, device + server)

    serial = vector["instance_serial_number"]
    second = b"\x01\x02" + raw["registration"] + server + text_field(serial)
    second += bytes([TYPES[vector["type"]], vector["algorithm"], vector["digits"]]) + vector["period"].to_bytes(2, "big")
    second += hmac_sha256(key("message 2"), second)[:16]
    yield "second_picture", "COUNTERSIGN:" + letters(second)

    signed = raw["account"] + raw["user"] + raw["registration"] + text_field(serial) + digest + hashlib.sha256(second).digest()
    yield "signature", typed(hmac_sha256(key("signature"), signed)[:5])
    yield "seed", (key("seed") + key("more seed"))[: SEED_BYTES[vector["algorithm"]]].hex()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        vectors = json.load(file)
    assert vectors, "no vectors"
    wrong = 0
    for number, vector in enumerate(vectors, 1):
        for name, value in check(vector):
            if vector.get(name) != value:
                wrong += 1
                print(f"vector {number}: {name} is {vector.get(name)} and should be {value}")
    print(f"{len(vectors)} vectors, {wrong} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
