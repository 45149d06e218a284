#!/usr/bin/env python3
"""Devices without a network, from picture to picture: licences, registrations, and a software device that has nothing but what it
scans and what is typed into it."""
import base64
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile

from support import PROGRAMS, Server, ServerTest, key, main, verify, views_from_the_log_alone, views_of

DEVICE = PROGRAMS / "countersign-authenticator"
SYSTEM_PYTHON = "/usr/bin/python3"


class Device:
    """A software device with a state file of its own."""

    def __init__(self, scratch):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="device-", dir=scratch))
        self.state, self.pictures = self.folder / "state", 0
        self.environment = os.environ | {"COUNTERSIGN_PASSPHRASE": "a long passphrase"}

    def run(self, *arguments, input="", check=True, **environment):
        return subprocess.run([DEVICE, "--state", self.state, *arguments], input=input, capture_output=True, text=True, check=check,
                              env=self.environment | environment)

    def picture(self, content):
        self.pictures += 1
        file = self.folder / f"{self.pictures}.png"
        file.write_bytes(content)
        return file

    def scan(self, content, password=None):
        """What it shows: a device code, a signature."""
        given = [] if password is None else ["--password-file", self.secret(password)]
        return self.run("scan", "--yes", self.picture(content), *given).stdout.strip()

    def refuses(self, content, password=None):
        given = [] if password is None else ["--password-file", self.secret(password)]
        done = self.run("scan", "--yes", self.picture(content), *given, check=False)
        assert done.returncode == 1, done
        return done.stderr

    def secret(self, text):
        file = self.folder / "password"
        file.write_text(text + "\n")
        file.chmod(0o600)
        return file

    def otp(self, *serial):
        return self.run("otp", *serial).stdout.strip()


class OfflineActivation(ServerTest):
    def setUp(self):
        super().setUp()
        self.admin = self.server.account("Example & Söhne")
        self.portal = self.admin.api_key("gateway")

    def licence(self, activations=10, **more):
        body = {"serial_number": "VDS" + os.urandom(4).hex().upper(), "type": "MDL", "authenticator_type": "hotp",
                "activations": activations} | more
        return self.admin.post("/v1/licences", body, headers=key()).expect(201).json

    def begin(self, user, licence, **more):
        body = {"user_id": user["id"], "offlineMDL": {"serialNumber": licence["serial_number"], "activationType": "offlineMDL"}} | more
        return self.admin.post("/v1/users/register", body, headers=key())

    def picture(self, content, format="PNG"):
        return self.portal.post("/v1/visual-codes", {"content": content, "format": format, "size": 500}).expect(200).body

    def add(self, registration, code, client=None):
        return (client or self.portal).post(f"/v1/registrations/{registration}/add-device", {"deviceCode": code})

    def sign(self, registration, code, signature, client=None):
        return (client or self.portal).post(f"/v1/registrations/{registration}/activate", {"deviceCode": code, "signature": signature})

    def status(self, registration):
        return self.portal.get(f"/v1/registrations/{registration}").expect(200).json

    def used(self, licence):
        now = self.admin.get("/v1/licences/" + licence["id"]).expect(200).json
        self.assertEqual(now["used"] + now["free"] + now["lost"], now["activations"])
        return now["used"]

    def verified(self, user, otp):
        return self.portal.post("/v1/verify", {"user_id": user["id"], "otp": otp}).expect(200).json["verified"]

    def activated(self, device, user, licence, **more):
        """The whole ceremony, from picture to picture."""
        begun = self.begin(user, licence, **more).expect(201).json
        code = device.scan(self.picture(begun["activationMessage1"]))
        added = self.add(begun["registrationID"], code).expect(200).json
        signature = device.scan(self.picture(added["activationMessage2"]), begun["activationPassword"])
        done = self.sign(begun["registrationID"], code, signature).expect(200).json
        self.assertEqual((done["status"], done["serialNumber"]), ("activated", added["serialNumber"]))
        return begun | added | done | {"deviceCode": code, "signature": signature}

    def test_a_ceremony_from_picture_to_picture(self):
        user, licence = self.admin.user("ada@example.com", first_name="Ada", last_name="Lovelace"), self.licence()
        device = Device(self.server.scratch)
        done = self.activated(device, user, licence)
        self.assertEqual(done["serialNumber"], licence["serial_number"] + "-1")
        for _ in range(3):
            otp = device.otp()
            self.assertTrue(self.verified(user, otp))
            self.assertFalse(self.verified(user, otp), "it is used up")
        shown = self.admin.get("/v1/authenticators/" + done["authenticatorID"]).expect(200).json
        self.assertEqual((shown["status"], shown["type"]), ("active", "hotp"))
        self.assertEqual(self.status(done["registrationID"])["status"], "activated")
        told = [event["type"] for event in reversed(self.admin.events(f'target.id eq "{done["authenticatorID"]}"'))]
        self.assertEqual(told[:3], ["authenticator.enrolled", "authenticator.device_added", "authenticator.activated"])
        device.state.chmod(0o644)
        self.assertIn("can be read by others", device.run("otp", check=False).stderr)

    def test_by_time_with_the_longest_hash(self):
        user, licence = self.admin.user(), self.licence(authenticator_type="totp")
        device = Device(self.server.scratch)
        self.activated(device, user, licence, algorithm="sha512", digits=8)
        otp = device.otp()
        self.assertEqual(len(otp), 8)
        self.assertTrue(self.verified(user, otp))

    def test_what_people_see_and_may_do_wrong(self):
        user, licence = self.admin.user("ada@example.com", first_name="Ada", last_name="Lovelace"), self.licence()
        device = Device(self.server.scratch)
        begun = self.begin(user, licence).expect(201).json
        first = self.picture(begun["activationMessage1"])
        asked = device.run("scan", device.picture(first), input="n\n", check=False)
        for text in ("Example & Söhne", "Ada Lovelace", licence["serial_number"], "Nothing was done"):
            self.assertIn(text, asked.stderr)
        code = device.scan(first)
        self.assertEqual(device.scan(first), code, "the same picture once more")
        registration = begun["registrationID"]
        self.sign(registration, code, "AAAA-AAAA").expect(409, "state-conflict")
        mistyped = ("A" if code[0] != "A" else "B") + code[1:]
        self.add(registration, mistyped).expect(400, "device-code-malformed")
        added = self.add(registration, code.lower().replace("-", " ")).expect(200).json
        self.assertEqual(self.add(registration, code).expect(200).json, added, "the same answer again")
        second = self.picture(added["activationMessage2"])
        self.assertIn("password is wrong", device.refuses(second, "AAAA-AAAA-AAAA-AAAA"))
        other = Device(self.server.scratch)
        self.assertIn("first one wasn't scanned", other.refuses(second, begun["activationPassword"]))
        self.assertIn("no QR code", device.refuses(self.blank()))
        self.assertIn("neither", device.refuses(self.picture("https://example.com")))
        signature = device.scan(second, begun["activationPassword"])
        self.sign(registration, code, signature[:-1]).expect(400, "signature-malformed")
        wrong = ("A" if signature[0] != "A" else "B") + signature[1:]
        self.assertEqual(self.sign(registration, code, wrong).expect(422, "signature-wrong").json["triesLeft"], 4)
        self.sign(registration, code, signature).expect(200)
        self.sign(registration, code, signature).expect(409, "state-conflict")

    def blank(self):
        script = "import sys; from PIL import Image; Image.new('L', (200, 200), 255).save(sys.stdout.buffer, 'PNG')"
        return subprocess.run([SYSTEM_PYTHON, "-c", script], check=True, capture_output=True).stdout

    def test_an_attacker_with_both_pictures_has_nothing(self):
        """He sees all that is shown and typed, but for the activation password; then he has that, too, but comes too late."""
        user, licence = self.admin.user(), self.licence()
        device, attacker = Device(self.server.scratch), Device(self.server.scratch)
        begun = self.begin(user, licence).expect(201).json
        registration = begun["registrationID"]
        first = self.picture(begun["activationMessage1"])
        code, his_code = device.scan(first), attacker.scan(first)
        added = self.add(registration, code).expect(200).json
        self.add(registration, his_code).expect(409, "state-conflict")
        second = self.picture(added["activationMessage2"])
        for password in ("AAAA-AAAA-AAAA-AAAA", begun["activationPassword"]):
            self.assertIn("made for another device", attacker.refuses(second, password))
        signature = device.scan(second, begun["activationPassword"])
        self.sign(registration, his_code, signature).expect(422, "device-code-wrong")
        self.sign(registration, code, signature).expect(200)
        self.assertEqual(attacker.run("list").stdout, "")

    def test_a_relayed_code_needs_the_password(self):
        """His device's code is typed in instead of theirs."""
        user, licence = self.admin.user(), self.licence()
        device, attacker = Device(self.server.scratch), Device(self.server.scratch)
        begun = self.begin(user, licence).expect(201).json
        registration = begun["registrationID"]
        first = self.picture(begun["activationMessage1"])
        code, his_code = device.scan(first), attacker.scan(first)
        added = self.add(registration, his_code).expect(200).json
        self.assertIn("password is wrong", attacker.refuses(self.picture(added["activationMessage2"]), "AAAA-AAAA-AAAA-AAAA"))
        self.add(registration, code).expect(409, "state-conflict")
        for left in (4, 3, 2, 1, 0):
            self.assertEqual(self.sign(registration, his_code, "AAAA-AAAA").expect(422, "signature-wrong").json["triesLeft"], left)
        self.sign(registration, his_code, "AAAA-AAAA").expect(404)
        self.assertEqual(self.used(licence), 0)
        reasons = {event["outcome"]["reason"] for event in self.admin.events('type eq "licence.activation_released"')}
        self.assertEqual(reasons, {"too_many_attempts"})

    def test_of_a_thousand_at_once_as_many_as_there_are(self):
        licence = self.licence(100)
        users = [self.admin.user() for _ in range(1000)]

        def register(users):
            client = self.server.client(self.admin.key)
            body = {"offlineMDL": {"serialNumber": licence["serial_number"]}}
            return [client.post("/v1/users/register", body | {"user_id": user["id"]}, headers=key()) for user in users]
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = [answer for some in pool.map(register, [users[i::32] for i in range(32)]) for answer in some]
        refused = [answer for answer in answers if answer.status != 201]
        self.assertEqual(len(answers) - len(refused), 100)
        for answer in refused:
            self.assertEqual((answer.expect(409, "licence-exhausted").json["detail"]), "License activation limit reached.")
        self.assertEqual(self.used(licence), 100)
        instances = {self.status(answer.json["registrationID"])["serialNumber"] for answer in answers if answer.status == 201}
        self.assertEqual(len(instances), 100)

    def cli(self, *arguments):
        keyed = self.server.scratch / "key"
        keyed.write_text(self.admin.key)
        return subprocess.run([PROGRAMS / "countersign", "--server", f"http://127.0.0.1:{self.server.port}", "--key-file", keyed, "--json",
                               *arguments], text=True, capture_output=True, timeout=60)

    def told(self, *arguments):
        done = self.cli(*arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_the_command_line_of_licences(self):
        made = self.told("licences", "create", "--serial-number", "CLI0700123", "--type", "MDL", "--authenticator-type", "totp", "--activations", "3")
        self.assertEqual((made["free"], made["max_reactivations"]), (3, None))
        self.assertEqual(self.told("licences", "update", made["id"], "--activations", "5", "--max-reactivations", "0")["free"], 5)
        self.assertIsNone(self.told("licences", "update", made["id"], "--unlimited-reactivations")["max_reactivations"])
        self.assertEqual(self.told("licences", "show", made["id"])["activations"], 5)
        self.assertEqual(self.told("licences", "list", "--serial-number", "CLI0700123")["id"], made["id"])
        self.assertEqual(self.cli("licences", "update", made["id"]).returncode, 2)
        self.assertEqual(self.cli("licences", "delete", made["id"]).returncode, 0)
        gone = self.cli("licences", "show", made["id"])
        self.assertEqual((gone.returncode, gone.stdout), (1, ""))

    def test_the_command_line_of_registrations(self):
        user, licence = self.admin.user("cli@example.com"), self.licence()
        device = Device(self.server.scratch)
        first, second = device.folder / "first.png", device.folder / "second.png"
        begun = self.told("registrations", "begin", "cli@example.com", licence["serial_number"], "--picture", first, "--name", "phone")
        code = device.scan(first.read_bytes())
        self.told("registrations", "add-device", begun["registrationID"], code, "--picture", second)
        signature = device.scan(second.read_bytes(), begun["activationPassword"])
        self.assertEqual(self.cli("registrations", "activate", begun["registrationID"], code, "AAAA").returncode, 1)
        self.assertEqual(self.told("registrations", "activate", begun["registrationID"], code, signature)["status"], "activated")
        self.assertTrue(self.verified(user, device.otp()))
        self.assertEqual(self.told("registrations", "show", begun["registrationID"])["status"], "activated")
        other = self.told("registrations", "begin", user["id"], licence["serial_number"])
        self.assertEqual(self.cli("registrations", "cancel", other["registrationID"]).returncode, 0)
        self.assertEqual(self.cli("registrations", "cancel", other["registrationID"]).returncode, 1)

    def test_licences_from_a_file(self):
        file = self.server.scratch / "licences.csv"
        good = [f"FILE{number:05},{'SDL,1' if number % 3 == 0 else 'MDL,7'},{'hotp' if number % 2 else 'totp'}," for number in range(500)]
        bad = ["FILE 1,MDL,7,hotp,", "X1,ABC,7,hotp,", "X2,MDL,0,hotp,", "X3,MDL,7,sms,", "X4,MDL,7,hotp,-1", "X5,SDL,2,hotp,", "X6,MDL",
               "FILE00001,MDL,9,hotp,"]
        file.write_text("serial_number,type,activations,authenticator_type,max_reactivations\n" + "\n".join(good + bad + [good[0]]) + "\n")
        done = self.cli("licences", "import", file)
        self.assertEqual(done.returncode, 1, done.stderr)
        imported = json.loads(done.stdout)
        self.assertEqual((imported["created"], imported["unchanged"], imported["failed"]), (500, 1, len(bad)))
        self.assertEqual([row["line"] for row in imported["rows"]], list(range(502, 502 + len(bad))))
        self.assertEqual([row["code"] for row in imported["rows"]],
                         ["serial-number-invalid", "type-invalid", "activations-invalid", "authenticator-type-invalid", "max-reactivations-invalid",
                          "validity-out-of-range", "columns-missing", "licence-taken"])
        file.write_text("serial_number,type,activations,authenticator_type\n" + "\n".join(row[:-1] for row in good) + "\n")
        again = self.told("licences", "import", file)
        self.assertEqual((again["created"], again["unchanged"], again["rows"]), (0, 500, []))
        for text, code in (("", "header-missing"), ("type\n", "header-column-missing"), ("serial_number,colour\n", "header-column-unknown")):
            self.admin.post("/v1/licences/import", text, type="text/csv").expect(422, code)
        self.admin.post("/v1/licences/import", "{}").expect(415)
        self.admin.api_key("operator").post("/v1/licences/import", "", type="text/csv").expect(403)

    def test_licences(self):
        licence = self.licence(2, max_reactivations=1)
        self.admin.post("/v1/licences", {"serial_number": licence["serial_number"], "type": "MDL", "authenticator_type": "totp",
                                         "activations": 1}, headers=key()).expect(409, "licence-taken")
        [found] = self.admin.all("/v1/licences", {"serial_number": licence["serial_number"]})
        self.assertEqual(found["id"], licence["id"])
        self.assertIn(licence["id"], [each["id"] for each in self.admin.all("/v1/licences")])
        user = self.admin.user()
        begun = self.begin(user, licence).expect(201).json
        self.begin(user, licence).expect(409, "state-conflict")
        self.admin.delete("/v1/licences/" + licence["id"]).expect(409, "state-conflict")
        self.admin.delete("/v1/registrations/" + begun["registrationID"]).expect(204)
        self.admin.get("/v1/registrations/" + begun["registrationID"]).expect(404)
        self.assertEqual(self.used(licence), 0)
        changed = self.admin.patch("/v1/licences/" + licence["id"], {"activations": 5, "max_reactivations": None}).expect(200).json
        self.assertEqual((changed["activations"], changed["max_reactivations"], changed["free"]), (5, None, 5))
        self.admin.patch("/v1/licences/" + licence["id"], {"activations": 6}, headers={"If-Match": '"v1"'}).expect(412)
        self.admin.delete("/v1/licences/" + licence["id"]).expect(204)
        self.begin(user, licence).expect(404)
        single = self.licence(1, type="SDL")
        self.begin(user, single).expect(409, "state-conflict")
        path = f"/v1/authenticators/{single['serial_number']}/generate-activation-message"
        begun = self.admin.post(path, {"user_id": user["id"]}, headers=key()).expect(201).json
        self.assertEqual(self.status(begun["registrationID"])["serialNumber"], single["serial_number"])
        self.portal.post(path, {"user_id": user["id"]}, headers=key()).expect(403, "forbidden")
        for wrong in ({"type": "XDL"}, {"authenticator_type": "recovery_codes"}, {"activations": 0}, {"serial_number": "a b"}):
            self.admin.post("/v1/licences", {"serial_number": "X", "type": "MDL", "authenticator_type": "totp", "activations": 1} | wrong,
                            headers=key()).expect(422, "invalid-fields")

    def test_a_crash_between_the_steps_loses_nothing(self):
        with Server() as server:
            self.server = server
            self.admin = server.account()
            self.portal = self.admin.api_key("gateway")
            user, licence, device = self.admin.user(), self.licence(1), Device(server.scratch)
            once = key()
            body = {"user_id": user["id"], "offlineMDL": {"serialNumber": licence["serial_number"]}}
            begun = self.admin.post("/v1/users/register", body, headers=once).expect(201).json
            server.kill()
            server.start()
            self.assertEqual(self.admin.post("/v1/users/register", body, headers=once).expect(201).json, begun)
            code = device.scan(self.picture(begun["activationMessage1"]))
            added = self.add(begun["registrationID"], code).expect(200).json
            server.kill()
            server.start()
            self.assertEqual(self.add(begun["registrationID"], code).expect(200).json, added)
            signature = device.scan(self.picture(added["activationMessage2"]), begun["activationPassword"])
            self.sign(begun["registrationID"], code, signature).expect(200)
            server.kill()
            server.start()
            self.assertTrue(self.verified(user, device.otp()))
            self.assertEqual(self.used(licence), 1)
            self.admin.delete("/v1/authenticators/" + self.status(begun["registrationID"])["authenticatorID"],
                              body={"force": True}).expect(204)
            self.assertEqual(self.used(licence), 0)
            self.assertEqual(server.stop(), 0)
            verify(server.data)
            self.assertEqual(views_of(server.data), views_from_the_log_alone(server.data, server.scratch / "again"))

    def test_an_ordinary_enrolment_is_scanned_too(self):
        user, device = self.admin.user("ada@example.com"), Device(self.server.scratch)
        enrolled = self.admin.post("/v1/authenticators", {"user_id": user["id"], "type": "totp", "algorithm": "sha256", "digits": 8},
                                   headers=key()).expect(201).json
        device.scan(self.picture(enrolled["otpauth_uri"]))
        self.assertIn("ada@example.com", device.run("list").stdout)
        otp = device.otp()
        self.admin.post(f"/v1/authenticators/{enrolled['id']}/confirm", {"otp": otp}).expect(200)
        self.assertIn("is here already", device.refuses(self.picture(enrolled["otpauth_uri"])))
        device.run("forget", "--yes")
        self.assertIn("no authenticator yet", device.run("otp", check=False).stderr)
        self.assertIn("passphrase is wrong", device.run("list", check=False, COUNTERSIGN_PASSPHRASE="another one").stderr)

    def test_visual_codes(self):
        content = "COUNTERSIGN:" + base64.b32encode(os.urandom(120)).decode().rstrip("=")
        png = self.server.scratch / "code.png"
        png.write_bytes(self.picture(content))
        svg, drawn = self.picture(content, "SVG"), self.server.scratch / "drawn.png"
        subprocess.run(["rsvg-convert", "--output", drawn], input=svg, check=True)
        script = "import sys, zxingcpp; from PIL import Image; print(zxingcpp.read_barcodes(Image.open(sys.argv[1]))[0].text)"
        for picture in (png, drawn):
            zbar = subprocess.run(["zbarimg", "--quiet", "--raw", picture], check=True, capture_output=True, text=True).stdout.strip()
            zxing = subprocess.run([SYSTEM_PYTHON, "-c", script, picture], check=True, capture_output=True, text=True).stdout.strip()
            self.assertEqual({zbar, zxing}, {content})
        answer = self.portal.post("/v1/visual-codes", {"content": "x"}).expect(200)
        self.assertEqual((answer.headers["Content-Type"], answer.headers["Cache-Control"]), ("image/png", "no-store"))
        for wrong in ({"content": ""}, {"content": "x", "size": 20}, {"content": "ä" * 2000}, {"content": "x", "format": "GIF"}):
            self.portal.post("/v1/visual-codes", wrong).expect(422, "invalid-fields")


if __name__ == "__main__":
    main()
