"""A judge of adapters/otp/ocra.cpp: OCRA (RFC 6287) once more, with the standard library only and from the RFC alone.

Reads cases from the file that is named, a line each, and prints their responses: suite, key, counter, question, hash of
the PIN, session, seconds since 1970; "-" where there is none; bytes in hexadecimal.
"""
import hashlib
import hmac
import struct
import sys

SECONDS = {"S": 1, "M": 60, "H": 3600}


def question(kind, text):
    if kind == "A":
        digits = text.encode("ascii").hex()
    elif kind == "N":
        digits = f"{int(text):x}"
    else:
        digits = text
    return bytes.fromhex(digits.ljust(256, "0"))


def response(suite, key, counter, challenge, pin, session, now):
    _, function, inputs = suite.split(":")
    _, algorithm, digits = function.split("-")
    message = suite.encode("ascii") + b"\0"
    for part in inputs.split("-"):
        if part == "C":
            message += struct.pack(">Q", int(counter))
        elif part[0] == "Q":
            message += question(part[1], challenge)
        elif part[0] == "P":
            message += bytes.fromhex(pin)
        elif part[0] == "S":
            message += bytes.fromhex(session.replace("-", "")).rjust(int(part[1:]), b"\0")
        elif part[0] == "T":
            message += struct.pack(">Q", int(now) // (int(part[1:-1]) * SECONDS[part[-1]]))
    mac = hmac.new(bytes.fromhex(key), message, getattr(hashlib, algorithm.lower())).digest()
    at = mac[-1] & 15
    number = struct.unpack(">I", mac[at:at + 4])[0] & 0x7FFFFFFF
    return str(number % 10 ** int(digits)).zfill(int(digits))


if __name__ == "__main__":
    with open(sys.argv[1], encoding="ascii") as cases:
        for line in cases:
            print(response(*line.split()))
