"""A judge of the PSKC reader: writes random files as RFC 6030 describes them, with another library's cryptography.

Usage: pskc_writer.py DIRECTORY FILES SEED. Each file comes with one of the same name and .expected: first what opens it
("-", "key HEX" or "passphrase TEXT"), then a line for each key as read_file.h shows them.
"""
import base64
import datetime
import hashlib
import hmac
import os.path
import random
import sys
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PSKC = "urn:ietf:params:xml:ns:keyprov:pskc"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
PKCS5 = "http://www.rsasecurity.com/rsalabs/pkcs/schemas/pkcs-5v2-0#"
HMAC_URIS = {"sha1": "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
             "sha256": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
             "sha512": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512"}
SUITES = ["OCRA-1:HOTP-SHA1-6:QN08", "OCRA-1:HOTP-SHA256-8:C-QA10-PSHA1", "OCRA-1:HOTP-SHA512-10:QH40-S064-T1M"]
NAMES = ["Acme", "Søren & Söhne", "A <B> 'C' \"D\"", "名前", "x"]


def draw_bytes(least, most):
    return random.randbytes(random.randint(least, most))


def encrypt(key, text):
    padding = 16 - len(text) % 16
    filler = bytes([padding]) * padding if random.random() < 0.5 else random.randbytes(padding - 1) + bytes([padding])
    iv = random.randbytes(16)
    context = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + context.update(text + filler) + context.finalize()


class File:
    def __init__(self):
        self.prefix = random.choice(["", "pskc:", "p1:"])
        self.indent = random.choice(["", "\n", "\r\n\t"])
        self.opened_by = random.choice(["-", "key", "passphrase"])
        self.key = random.randbytes(random.choice([16, 24, 32]))
        self.mac = random.choice(sorted(HMAC_URIS))
        self.text = []

    def add(self, text):
        self.text.append(self.indent + text)

    def element(self, name, text, attributes="", prefix=None):
        name = (self.prefix if prefix is None else prefix) + name
        return f"<{name}{attributes}>{text}</{name}>"

    def base64(self, content):
        text = base64.b64encode(content).decode()
        return random.choice([text, f"\n   {text[:20]}\n   {text[20:]}\n ", f" {text} "])

    def cipher(self, content):
        method = f'<xenc:EncryptionMethod Algorithm="{XENC}aes{len(self.key) * 8}-cbc"/>'
        value = self.element("CipherValue", self.base64(content), prefix="xenc:")
        return method + self.element("CipherData", value, prefix="xenc:")

    def write_encryption(self):
        if self.opened_by == "key":
            self.add(self.element("EncryptionKey", "<ds:KeyName>ours</ds:KeyName>"))
        else:
            self.passphrase = "".join(random.choices("abc XYZ 019 ü€", k=random.randint(1, 40)))
            salt, iterations = draw_bytes(1, 64), random.randint(1, 2000)
            function = random.choice(sorted(HMAC_URIS))
            self.key = hashlib.pbkdf2_hmac(function, self.passphrase.encode(), salt, iterations, len(self.key))
            prf = "" if function == "sha1" else f'<PRF Algorithm="{HMAC_URIS[function]}"/>'
            if function == "sha1":
                prf = random.choice(["", "<PRF/>", f'<PRF Algorithm="{HMAC_URIS[function]}"/>'])
            params = (f"<Salt><Specified>{self.base64(salt)}</Specified></Salt>"
                      f"<IterationCount>{iterations}</IterationCount><KeyLength>{len(self.key)}</KeyLength>{prf}")
            method = self.element("PBKDF2-params", params, prefix="pkcs5:")
            uri = random.choice([PKCS5, XENC11]) + "pbkdf2"
            method = self.element("KeyDerivationMethod", method, f' Algorithm="{uri}"', prefix="xenc11:")
            self.add(self.element("EncryptionKey", self.element("DerivedKey", method, prefix="xenc11:")))
        self.mac_key = self.key
        inner = ""
        if self.opened_by == "passphrase" or random.random() < 0.8:
            self.mac_key = draw_bytes(16, 64)
            inner = self.element("MACKey", self.cipher(encrypt(self.key, self.mac_key)))
        self.add(self.element("MACMethod", inner, f' Algorithm="{HMAC_URIS[self.mac]}"'))

    def secret(self, seed):
        if self.opened_by == "-" or random.random() < 0.1:
            return self.element("PlainValue", self.base64(seed))
        value = encrypt(self.key, seed)
        mac = hmac.new(self.mac_key, value, self.mac).digest()
        return self.element("EncryptedValue", self.cipher(value)) + self.element("ValueMAC", self.base64(mac))

    def package(self, number):
        serial, manufacturer, issuer = f"S{number}", random.choice(NAMES), random.choice(["", *NAMES])
        kind = random.choice(["totp", "hotp", "ocra"])
        algorithm, digits, period, counter, suite = random.choice(["sha1", "sha256", "sha512"]), random.randint(6, 8), 0, 0, ""
        parameters = data = ""
        if kind == "ocra":
            suite = random.choice(SUITES)
            _, algorithm, digits = suite.split(":")[1].lower().split("-")
            parameters = self.element("Suite", suite)
        elif algorithm != "sha1" or random.random() < 0.5:
            parameters = self.element("Suite", random.choice(["HMAC-", ""]) + algorithm.upper())
        parameters += f'<{self.prefix}ResponseFormat Encoding="DECIMAL" Length="{digits}"/>'
        if kind == "totp":
            period = random.randint(15, 300)
            data += self.element("Time", self.element("PlainValue", 0))
            data += self.element("TimeInterval", self.element("PlainValue", period))
        if kind == "hotp" or "C-Q" in suite:
            counter = random.randrange(2 ** random.randint(1, 63))
            data += self.element("Counter", self.element("PlainValue", counter))
        expires, policy = 0, ""
        if random.random() < 0.5:
            expires = random.randrange(2 ** 32)
            date = datetime.datetime.fromtimestamp(expires, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            policy = self.element("Policy", self.element("ExpiryDate", date))
        seed = draw_bytes(16, 128)
        key = self.element("Issuer", escape(issuer)) if issuer else ""
        key += self.element("AlgorithmParameters", parameters)
        key += self.element("Data", self.element("Secret", self.secret(seed)) + data) + policy
        by_id = random.random() < 0.2
        device = self.element("Manufacturer", escape(manufacturer))
        if not by_id:
            device += self.element("SerialNo", serial)
        device = self.element("DeviceInfo", device)
        key = self.element("Key", key, f' Id="{serial if by_id else number}" Algorithm="{PSKC}:{kind}"')
        self.add(self.element("KeyPackage", device + self.indent + key))
        return "|".join(map(str, [serial, manufacturer, issuer, kind, algorithm, digits, period, counter, expires * 1000,
                                  suite, seed.hex()]))

    def write(self, path):
        name = self.prefix + "KeyContainer"
        namespace = f'xmlns:{self.prefix[:-1]}="{PSKC}"' if self.prefix else f'xmlns="{PSKC}"'
        self.text.append(f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} Version="1.0" {namespace} xmlns:xenc="{XENC}" '
                         f'xmlns:xenc11="{XENC11}" xmlns:pkcs5="{PKCS5}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">')
        if self.opened_by != "-":
            self.write_encryption()
        keys = [self.package(number) for number in range(random.randint(1, 20))]
        self.text.append(f"\n</{name}>\n")
        opened_by = {"-": "-", "key": "key " + self.key.hex()}.get(self.opened_by)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write("".join(self.text))
        with open(path + ".expected", "w", encoding="utf-8") as file:
            file.write("\n".join([opened_by or "passphrase " + self.passphrase, *keys]) + "\n")


directory, files, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(first)
for each in range(files):
    File().write(os.path.join(directory, f"{each}.xml"))
