#!/usr/bin/env python3
"""Authenticators from edge to edge, with oathtool as the device and two decoders that scan what people would scan."""
import base64
import concurrent.futures
import json
import subprocess
import time
import unittest

from support import Server, ServerTest, key, main, replay, until, verify, views_from_the_log_alone, views_of

PATH = "/v1/authenticators"
SYSTEM_PYTHON = "/usr/bin/python3"  # has the decoder, which is a package of Debian's


def oathtool(secret, *arguments):
    return subprocess.run(["oathtool", "--base32", *arguments, secret], check=True, capture_output=True, text=True).stdout.split()


class Device:
    """What has the secret of an enrolment."""

    def __init__(self, enrolled):
        self.id, self.secret, self.type = enrolled["id"], enrolled["secret"], enrolled["type"]
        self.algorithm, self.digits, self.period = enrolled["algorithm"], enrolled["digits"], enrolled["period"]
        self.counter = 0

    def at(self, step):
        if self.type == "hotp":
            return oathtool(self.secret, "--hotp", "-c", str(step), "-d", str(self.digits))[0]
        return oathtool(self.secret, f"--totp={self.algorithm}", "-d", str(self.digits), "-s", str(self.period), "-N",
                        f"@{step * self.period}")[0]

    def next(self):
        """One that hasn't been shown before."""
        self.counter += 1
        if self.type == "hotp":
            return self.at(self.counter - 1)
        now = int(time.time()) // self.period
        self.counter = max(self.counter, now)
        until(lambda: int(time.time()) // self.period + 1 >= self.counter, "the next step is near", timeout=2 * self.period)
        return self.at(self.counter)


class Authenticators(ServerTest):
    def setUp(self):
        super().setUp()
        self.admin = self.server.account("Example & Co")
        self.gateway = self.admin.api_key("gateway")

    def enrol(self, user, type="hotp", **more):
        body = {"user_id": user["id"], "type": type} | more
        return Device(self.admin.post(PATH, body, headers=key()).expect(201).json)

    def active(self, user, type="hotp", **more):
        device = self.enrol(user, type, **more)
        confirmed = self.admin.post(f"{PATH}/{device.id}/confirm", {"otp": device.next()}).expect(200).json
        self.assertEqual(confirmed["status"], "active")
        return device

    def verified(self, user, otp, **more):
        return self.gateway.post("/v1/verify", {"user_id": user["id"], "otp": otp} | more).expect(200).json

    def test_what_is_scanned_is_what_was_enrolled(self):
        user = self.admin.user("ada@example.com")
        enrolled = self.admin.post(PATH, {"user_id": user["id"], "type": "totp", "algorithm": "sha256", "digits": 8, "name": "Ada's app"},
                                   headers=key()).expect(201)
        self.assertEqual(enrolled.headers["Cache-Control"], "no-store")
        picture = self.server.scratch / "qr.png"
        subprocess.run(["rsvg-convert", "--width", "600", "--output", picture], input=enrolled.json["qr"].encode(), check=True)
        zbar = subprocess.run(["zbarimg", "--quiet", "--raw", picture], check=True, capture_output=True, text=True).stdout.strip()
        script = "import sys, zxingcpp; from PIL import Image; print(zxingcpp.read_barcodes(Image.open(sys.argv[1]))[0].text)"
        zxing = subprocess.run([SYSTEM_PYTHON, "-c", script, picture], check=True, capture_output=True, text=True).stdout.strip()
        self.assertEqual({zbar, zxing}, {enrolled.json["otpauth_uri"]})
        self.assertEqual(zbar, f"otpauth://totp/Example%20%26%20Co:ada%40example.com?secret={enrolled.json['secret']}"
                               "&issuer=Example%20%26%20Co&algorithm=SHA256&digits=8&period=30")
        shown = self.admin.get(f"{PATH}/{enrolled.json['id']}").expect(200).json
        self.assertEqual(shown["status"], "pending")
        self.assertEqual(set(enrolled.json) - set(shown), {"secret", "otpauth_uri", "qr"})

    def test_a_password_is_accepted_once(self):
        for type, more in (("hotp", {}), ("totp", {"algorithm": "sha512", "period": 15})):
            with self.subTest(type):
                user = self.admin.user()
                device = self.active(user, type, **more)
                otp = device.next()
                self.assertEqual(self.verified(user, otp), {"verified": True, "authenticator_id": device.id})
                self.assertEqual(self.verified(user, otp), {"verified": False})
                [event] = self.admin.events(f'type eq "authenticator.verification_failed" and subject.id eq "{user["id"]}"')
                self.assertEqual(event["outcome"], {"result": "failure", "reason": "otp_replayed"})

    def test_of_many_at_once_one_is_accepted(self):
        user = self.admin.user()
        device = self.active(user)
        otp = device.next()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            gateways = [self.server.client(self.gateway.key) for _ in range(16)]
            answers = list(pool.map(lambda gateway: gateway.post("/v1/verify", {"user_id": user["id"], "otp": otp}).expect(200).json, gateways))
        self.assertEqual([answer["verified"] for answer in answers].count(True), 1)

    def test_of_many_at_once_one_confirms(self):
        user = self.admin.user()
        device = self.enrol(user)
        otp = device.next()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            admins = [self.server.client(self.admin.key) for _ in range(8)]
            answers = list(pool.map(lambda admin: admin.post(f"{PATH}/{device.id}/confirm", {"otp": otp}), admins))
        self.assertEqual(sorted(answer.status for answer in answers), [200] + [409] * 7)
        self.assertEqual(len(self.admin.events(f'type eq "authenticator.confirmed" and target.id eq "{device.id}"')), 1)

    def test_a_clock_that_is_off_is_learned(self):
        """Whoever confirms has the device in hand: it may be far off. From then on its own time is what counts."""
        user = self.admin.user()
        device = self.enrol(user, "totp", period=60)

        def at(off):
            return device.at(int(time.time()) // device.period + off)
        self.admin.post(f"{PATH}/{device.id}/confirm", {"otp": at(-30)}).expect(422, "otp-not-accepted")
        self.admin.post(f"{PATH}/{device.id}/confirm", {"otp": at(-8)}).expect(200)
        self.assertTrue(self.verified(user, at(-7))["verified"])
        self.assertFalse(self.verified(user, at(-3))["verified"], "neither its time nor the right one")

    def test_its_story(self):
        with Server() as server:
            admin = server.account()
            device = Device(admin.post(PATH, {"user_id": admin.user()["id"], "type": "hotp"}, headers=key()).expect(201).json)
            admin.post(f"{PATH}/{device.id}/confirm", {"otp": device.next()}).expect(200)
            admin.post(f"{PATH}/{device.id}/disable", {"force": True}).expect(200)
            where = ["--data-dir", server.data, "--account", admin.account, "--authenticator", device.id]
            disabled = admin.events(f'type eq "authenticator.disabled" and target.id eq "{device.id}"')[0]["sequence"]
            admin.request("DELETE", f"{PATH}/{device.id}").expect(204)
            self.assertEqual(server.stop(), 0)
            told = [line.split("authenticator.")[1].split()[0] for line in replay("trace", *where).splitlines()]
            self.assertEqual(told, ["enrolled", "confirmed", "disabled", "deleted"])
            why = json.loads(replay("explain", *where, "--at", f"#{disabled}"))
            self.assertEqual((why["status"], [step["event"]["type"] for step in why["because"]]), ("disabled", ["authenticator.disabled"]))
            self.assertEqual([step["event"]["type"] for step in why["origin"]], ["authenticator.enrolled", "authenticator.confirmed"])
            why = json.loads(replay("explain", *where))
            self.assertEqual((why["status"], why["kind"]), ("deleted", "authenticator"))
            self.assertIn("by key_", why["why"])

    def test_recovery_codes(self):
        user = self.admin.user()
        card = self.admin.post(PATH, {"user_id": user["id"], "type": "recovery_codes", "codes": 5}, headers=key()).expect(201).json
        self.assertEqual((card["status"], card["codes_left"], len(set(card["codes"]))), ("active", 5, 5))
        self.assertNotIn("secret", card)
        for code in reversed(card["codes"][1:]):
            self.assertRegex(code, r"^\d{4} \d{4}$")
            self.assertTrue(self.verified(user, code)["verified"])
            self.assertFalse(self.verified(user, code.replace(" ", ""))["verified"], "it is used up")
            self.admin.post(f"{PATH}/{card['id']}/unlock").expect(200)
        shown = self.admin.get(f"{PATH}/{card['id']}").expect(200).json
        self.assertEqual(shown["codes_left"], 1)
        self.assertNotIn("codes", shown)
        replacing = self.admin.post(f"{PATH}/{card['id']}/replace", {"type": "recovery_codes"}, headers=key()).expect(201).json
        self.assertEqual(len(replacing["codes"]), 10)
        self.admin.get(f"{PATH}/{card['id']}").expect(404)
        self.assertFalse(self.verified(user, card["codes"][0])["verified"], "of a card that was replaced")
        for code in replacing["codes"]:
            self.assertTrue(self.verified(user, code)["verified"])
        spent = self.admin.get(f"{PATH}/{replacing['id']}").expect(200).json
        self.assertEqual((spent["status"], spent["codes_left"]), ("expired", 0))
        self.assertEqual([event["outcome"]["reason"] for event in self.admin.events('type eq "authenticator.expired"')], ["used_up"])
        for wrong in ({"codes": 4}, {"codes": 51}, {"digits": 6}, {"period": 30}):
            self.admin.post(PATH, {"user_id": user["id"], "type": "recovery_codes"} | wrong, headers=key()).expect(422, "invalid-fields")
        self.admin.post(PATH, {"user_id": user["id"], "type": "totp", "codes": 10}, headers=key()).expect(422, "invalid-fields")

    def test_whoever_is_named_in_any_way(self):
        user = self.admin.post("/v1/users", {"first_name": "A", "last_name": "B", "email": "Named@Example.com", "login_name": "Named"},
                               headers=key()).expect(201).json
        device, other = self.active(user), self.active(user)
        for name in ({"email": "named@example.com"}, {"login_name": "NAMED"}, {"user_id": user["id"]}):
            self.assertTrue(self.gateway.post("/v1/verify", name | {"otp": device.next()}).expect(200).json["verified"], name)
        self.assertFalse(self.verified(user, device.next(), authenticator_id=other.id)["verified"])
        self.assertTrue(self.verified(user, other.next(), authenticator_id=other.id)["verified"])
        for nobody in ({"email": "nobody@example.com"}, {"user_id": "usr_" + "0" * 26}, {"user_id": "nonsense"}):
            self.assertEqual(self.gateway.post("/v1/verify", nobody | {"otp": "123456"}).expect(200).json, {"verified": False})
        self.gateway.post("/v1/verify", {"otp": "123456"}).expect(400, "malformed-fields")
        self.gateway.post("/v1/verify", {"user_id": user["id"], "otp": "12345x"}).expect(422, "invalid-fields")
        self.admin.post("/v1/verify", {"user_id": user["id"], "otp": "123456"}).expect(403, "forbidden")

    def test_failures_block_and_an_operator_unlocks(self):
        user = self.admin.user()
        device = self.active(user)
        for _ in range(5):
            self.assertFalse(self.verified(user, "00000000")["verified"])
        otp = device.next()
        self.assertEqual(self.verified(user, otp), {"verified": False})
        refused = self.admin.post(f"{PATH}/{device.id}/test", {"otp": otp}).expect(429, "too-many-attempts").json
        self.assertEqual(refused["reason"], "blocked_after_failures")
        self.assertIsNotNone(self.admin.get(f"{PATH}/{device.id}").expect(200).json["blocked_until"])
        self.assertEqual(len(self.admin.events(f'type eq "authenticator.verification_failed" and subject.id eq "{user["id"]}"')), 5)
        self.admin.post(f"{PATH}/{device.id}/unlock").expect(200)
        self.assertTrue(self.verified(user, otp)["verified"])

    def test_many_who_guess_at_once_have_five_guesses_together(self):
        """Of a million passwords: 300 at once would find one of HOTP's 11 in one of 300 attacks, 5 in one of 18,000."""
        user = self.admin.user()
        device = self.active(user)
        right = {device.at(counter) for counter in range(device.counter, device.counter + 20)}
        guesses = [guess for guess in (f"{number:06}" for number in range(320)) if guess not in right][:300]

        def guess_all(share):
            client = self.gateway.with_key(self.gateway.key)
            return [client.post("/v1/verify", {"user_id": user["id"], "otp": guess}).expect(200).json for guess in share]
        with concurrent.futures.ThreadPoolExecutor(30) as pool:
            answers = sum(pool.map(guess_all, (guesses[first::30] for first in range(30))), [])
        self.assertEqual(answers, 300 * [{"verified": False}])
        self.assertEqual(self.verified(user, device.next()), {"verified": False})
        failed = f'type eq "authenticator.verification_failed" and subject.id eq "{user["id"]}"'
        self.assertEqual(len(self.admin.events(failed)), 5)
        # What was not looked at is counted by minute and source: nobody fills the log.
        refused = self.admin.events('type eq "authenticator.verification_refused"')
        self.assertLess(len(refused), 10)

    def test_a_life(self):
        user = self.admin.user()
        device, spare = self.active(user), self.active(user, name="spare")
        at = f"{PATH}/{device.id}"
        self.assertTrue(self.admin.get("/v1/users/" + user["id"]).expect(200).json["mfa_configured"])
        self.admin.post("/v1/registration-codes", {"user_ids": [user["id"]]}, headers=key()).expect(409, "mfa-configured")
        self.assertEqual(self.admin.post(f"{at}/disable").expect(200).json["status"], "disabled")
        self.assertFalse(self.verified(user, device.next())["verified"])
        conflict = self.admin.post(f"{at}/test", {"otp": "123456"}).expect(409, "state-conflict").json
        self.assertEqual(conflict["allowed"], ["edit", "enable", "retire", "compromised", "replace", "delete"])
        self.admin.post(f"{PATH}/{spare.id}/disable").expect(409, "last-authenticator")
        self.admin.post(f"{at}/enable").expect(200)
        for _ in range(50):  # pressed, and nobody saw it
            device.next()
        self.assertFalse(self.verified(user, device.next())["verified"])
        self.admin.post(f"{at}/reset", {"otp1": device.next(), "otp2": device.next()}).expect(200)
        self.assertTrue(self.verified(user, device.next())["verified"])
        changed = self.admin.patch(at, {"name": "phone", "comment": "blue"}).expect(200)
        self.assertEqual((changed.json["name"], changed.json["comment"]), ("phone", "blue"))
        self.admin.patch(at, {"name": "other"}, headers={"If-Match": '"v1"'}).expect(412)
        replaced = Device(self.admin.post(f"{at}/replace", {"type": "totp"}, headers=key()).expect(201).json)
        self.assertEqual(self.admin.get(f"{PATH}/{replaced.id}").expect(200).json["name"], "phone")
        self.admin.post(f"{PATH}/{replaced.id}/confirm", {"otp": replaced.next()}).expect(200)
        self.admin.get(at).expect(404)
        self.admin.post(f"{PATH}/{replaced.id}/compromised").expect(200)
        listed = self.admin.get(f"/v1/users/{user['id']}/authenticators").expect(200).json["items"]
        self.assertEqual([(each["id"], each["status"]) for each in listed], [(spare.id, "active"), (replaced.id, "compromised")])
        self.assertEqual(self.admin.get(PATH, {"status": "compromised"}).expect(200).json["items"], [listed[1]])
        self.admin.delete(f"{PATH}/{replaced.id}").expect(204)
        self.admin.delete(f"{PATH}/{spare.id}").expect(409, "last-authenticator")

    def test_an_enrolment_while_a_code_is_at_large_needs_force(self):
        user = self.admin.user()
        self.admin.codes(user["id"])
        self.admin.post(PATH, {"user_id": user["id"], "type": "totp"}, headers=key()).expect(409, "codes-at-large")
        self.admin.post(PATH, {"user_id": user["id"], "type": "totp", "force": True}, headers=key()).expect(201)

    def test_a_repeat_shows_the_secret_again_until_it_is_confirmed(self):
        user, once = self.admin.user(), key()
        first = self.admin.post(PATH, {"user_id": user["id"], "type": "hotp"}, headers=once).expect(201)
        again = self.admin.post(PATH, {"user_id": user["id"], "type": "hotp"}, headers=once).expect(201)
        self.assertEqual(first.json, again.json)
        device = Device(first.json)
        self.admin.post(f"{PATH}/{device.id}/confirm", {"otp": device.next()}).expect(200)
        self.admin.post(PATH, {"user_id": user["id"], "type": "hotp"}, headers=once).expect(409, "answer-withdrawn")

    def test_the_command_line(self):
        user = self.admin.user("cli@example.com")

        def run(*arguments, input=""):
            return self.server.command_line(self.admin.key, "--json", "authenticators", *arguments, input=input)
        enrolled = run("enrol", "cli@example.com", "--type", "hotp", "--name", "phone")
        self.assertEqual(enrolled.returncode, 0, enrolled.stderr)
        device = Device(json.loads(enrolled.stdout))
        self.assertIn('"active"', run("confirm", device.id, input=device.next() + "\n").stdout)
        self.assertEqual(run("test", device.id, input=device.next() + "\n").returncode, 0)
        wrong = run("test", device.id, input="000000\n")
        self.assertEqual((wrong.returncode, wrong.stdout), (1, ""))
        self.assertIn("not accepted", wrong.stderr)
        self.assertIn(device.id, run("list", "--user", user["id"]).stdout)
        self.assertEqual(run("delete", device.id, "--force").returncode, 0)


class Remains(unittest.TestCase):
    """What a crash, a deletion and an erasure leave."""

    def test_after_kill_9_and_after_deletions(self):
        with Server() as server:
            admin = server.account()
            gateway = admin.api_key("gateway")
            users = [admin.user() for _ in range(3)]
            devices = [Device(admin.post(PATH, {"user_id": user["id"], "type": "hotp"}, headers=key()).expect(201).json) for user in users]
            for device in devices:
                admin.post(f"{PATH}/{device.id}/confirm", {"otp": device.next()}).expect(200)
            used = [device.next() for device in devices]
            for user, otp in zip(users, used):
                self.assertTrue(gateway.post("/v1/verify", {"user_id": user["id"], "otp": otp}).expect(200).json["verified"])
            server.kill()
            server.start()
            for user, otp in zip(users, used):
                self.assertFalse(gateway.post("/v1/verify", {"user_id": user["id"], "otp": otp}).expect(200).json["verified"])
            self.assertTrue(gateway.post("/v1/verify", {"user_id": users[0]["id"], "otp": devices[0].next()}).expect(200).json["verified"])
            admin.request("DELETE", f"{PATH}/{devices[1].id}", {"force": True}).expect(204)
            admin.post(f"/v1/users/{users[2]['id']}/disable").expect(200)
            admin.operation(admin.delete("/v1/users/" + users[2]["id"]).expect(202).json["operation_id"])
            self.assertEqual(server.stop(), 0)
            for device in devices:
                self.assert_nowhere(server, device)
            verify(server.data)
            self.assertEqual(views_of(server.data), views_from_the_log_alone(server.data, server.scratch / "again"))

    def assert_nowhere(self, server, device):
        seed = base64.b32decode(device.secret + "=" * (-len(device.secret) % 8))
        for file in server.scratch.rglob("*"):
            if file.is_file():
                data = file.read_bytes()
                self.assertNotIn(seed, data, file)
                self.assertNotIn(device.secret.encode(), data, file)


if __name__ == "__main__":
    main()
