#!/usr/bin/env python3
"""Hardware tokens from a vendor's file to the last user: imports that are killed, encrypted files, and counters that go with the
token."""
import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

from support import NO_LIMITS, PROGRAMS, Server, ServerTest, main, until, verify, views_from_the_log_alone, views_of

TOKENS, AUTHENTICATORS = "/v1/hardware-tokens", "/v1/authenticators"
PSKC_WRITER = pathlib.Path(__file__).resolve().parent.parent / "adapters" / "seed_files" / "pskc_writer.py"
MARK = b"zyxseedmark"  # in front of every seed, so that one look finds any of them
MANY = 100_000


def seed_of(number):
    return MARK + b"%09d" % number


class Token:
    """A device with this seed."""

    def __init__(self, serial, seed, period=0, algorithm="sha1", digits=6, counter=0):
        self.serial, self.seed, self.period, self.algorithm, self.digits, self.counter = serial, seed, period, algorithm, digits, counter

    def at(self, counter):
        how = ["--hotp", "-c", str(counter)]
        if self.period or self.algorithm != "sha1":  # a HOTP by another hash is a TOTP of that step
            step = self.period or 30
            how = [f"--totp={self.algorithm}", "-s", str(step), "-N", f"@{counter * step}"]
        return subprocess.run(["oathtool", *how, "-d", str(self.digits), self.seed.hex()], check=True, capture_output=True,
                              text=True).stdout.strip()

    def next(self):
        """One that hasn't been shown before."""
        if self.period:
            now = int(time.time()) // self.period
            self.counter = max(self.counter, now)
            until(lambda: int(time.time()) // self.period + 1 >= self.counter, "the next step is near", timeout=2 * self.period)
        self.counter += 1
        return self.at(self.counter - 1)


def csv_of(*tokens):
    rows = ["serial,seed_hex,type,algorithm,digits,period,counter,manufacturer"]
    for token in tokens:
        kind, period = ("totp", token.period) if token.period else ("hotp", "")
        rows.append(f"{token.serial},{token.seed.hex()},{kind},{token.algorithm},{token.digits},{period},{token.counter or ''},Example Tokens")
    return "\n".join(rows) + "\n"


def imported(admin, file, type="text/csv", timeout=600, **headers):
    started = admin.post(TOKENS + "/import", file, type=type, headers=headers).expect(202)
    return admin.operation(started.json["operation_id"], timeout=timeout)


def result(operation):
    return operation["status"], operation["created"], operation["unchanged"], operation["failed"]


def assert_nowhere(test, folder):
    forms = [MARK, MARK.hex().encode(), MARK.hex().upper().encode()]
    for shift in range(5):
        whole = base64.b32encode(b"\0" * shift + MARK + b"\0" * 5)
        forms.append(whole[(8 * shift + 4) // 5:8 * (shift + len(MARK)) // 5])
    for file in folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            for form in forms:
                test.assertNotIn(form, data, file)


class HardwareTokens(ServerTest):
    settings = NO_LIMITS

    def setUp(self):
        super().setUp()
        self.admin = self.server.account("Tokens Inc")
        self.gateway = self.admin.api_key("gateway")

    def stocked(self, *tokens):
        self.assertEqual(result(imported(self.admin, csv_of(*tokens))), ("done", len(tokens), 0, 0))

    def assign(self, token, user, **more):
        return self.admin.post(f"{AUTHENTICATORS}/{token.serial}/assign", {"user_id": user["id"]} | more)

    def verified(self, user, otp):
        return self.gateway.post("/v1/verify", {"user_id": user["id"], "otp": otp}).expect(200).json["verified"]

    def shown(self, token):
        return self.admin.get(f"{TOKENS}/{token.serial}").expect(200).json

    def test_a_token_goes_from_user_to_user_with_its_counter(self):
        ada, bob = self.admin.user("ada@example.com"), self.admin.user("bob@example.com")
        for period, algorithm in ((0, "sha1"), (30, "sha256")):
            with self.subTest(period=period):
                token = Token(f"GO-{period}", seed_of(period), period, algorithm)
                self.stocked(token)
                pending = self.assign(token, ada, name="Ada's token").expect(200).json
                self.assertEqual((pending["status"], pending["type"], pending["serial_number"]), ("pending", "hardware", token.serial))
                self.assertFalse(self.verified(ada, token.at(token.counter)))
                self.admin.post(f"{AUTHENTICATORS}/{pending['id']}/unlock").expect(200)
                self.admin.post(f"{AUTHENTICATORS}/{pending['id']}/confirm", {"otp": token.next()}).expect(200)
                used = token.next()
                self.assertTrue(self.verified(ada, used))
                self.assertFalse(self.verified(ada, used), "it is used up")
                self.assertEqual(self.shown(token)["user_id"], ada["id"])
                self.assign(token, bob).expect(409, "state-conflict")
                self.admin.post(f"{AUTHENTICATORS}/{token.serial}/unassign").expect(409, "last-authenticator")
                stocked = self.admin.post(f"{AUTHENTICATORS}/{token.serial}/unassign", {"force": True}).expect(200).json
                self.assertEqual((stocked["status"], stocked["user_id"]), ("in_stock", None))
                self.admin.get(f"{AUTHENTICATORS}/{pending['id']}").expect(404)
                active = self.assign(token, bob, active=True).expect(200).json
                self.assertEqual((active["status"], active["id"]), ("active", pending["id"]))
                self.assertFalse(self.verified(bob, used), "ada used it up")
                self.assertTrue(self.verified(bob, token.next()))
                self.admin.post(f"{AUTHENTICATORS}/{pending['id']}/disable", {"force": True}).expect(200)
                self.assertFalse(self.verified(bob, token.next()))
                self.admin.post(f"{AUTHENTICATORS}/{pending['id']}/enable").expect(200)
                self.admin.delete(f"{AUTHENTICATORS}/{pending['id']}", body={"force": True}).expect(204)
                self.assertEqual(self.shown(token)["status"], "in_stock")

    def test_two_passwords_bring_a_token_back_into_step(self):
        user = self.admin.user()
        counting, by_time = Token("STEP-0", seed_of(1)), Token("STEP-30", seed_of(2), 30)
        self.stocked(counting, by_time)
        for token, ahead in ((counting, 200), (by_time, int(time.time()) // 30 - 60)):
            id = self.assign(token, user, active=True).expect(200).json["id"]
            self.assertFalse(self.verified(user, token.at(ahead)))
            self.admin.post(f"{AUTHENTICATORS}/{id}/reset", {"otp1": token.at(ahead), "otp2": token.at(ahead + 1)}).expect(200)
            self.assertTrue(self.verified(user, token.at(ahead + 2)))
            self.assertFalse(self.verified(user, token.at(ahead + 2)))

    def test_a_user_who_is_erased_leaves_the_token(self):
        user, other, token = self.admin.user(), self.admin.user(), Token("ERASED", seed_of(3))
        self.stocked(token)
        self.assign(token, user, active=True).expect(200)
        used = token.next()
        self.assertTrue(self.verified(user, used))
        self.admin.post(f"/v1/users/{user['id']}/disable").expect(200)
        self.admin.operation(self.admin.delete("/v1/users/" + user["id"]).expect(202).json["operation_id"])
        self.assertEqual((self.shown(token)["status"], self.shown(token)["user_id"]), ("in_stock", None))
        self.assign(token, other, active=True).expect(200)
        self.assertFalse(self.verified(other, used))
        self.assertTrue(self.verified(other, token.next()))

    def test_a_lost_token_is_taken_away_and_given_to_nobody(self):
        user, token = self.admin.user(), Token("LOST", seed_of(4))
        self.stocked(token)
        self.assign(token, user, active=True).expect(200)
        self.admin.delete(f"{TOKENS}/{token.serial}").expect(409, "state-conflict")
        retired = self.admin.post(f"{TOKENS}/{token.serial}/retire").expect(200).json
        self.assertEqual((retired["status"], retired["reason"], retired["user_id"]), ("retired", "hardware_token_lost", None))
        self.assertFalse(self.verified(user, token.next()))
        self.assign(token, user).expect(409, "state-conflict")
        self.admin.delete(f"{TOKENS}/{token.serial}").expect(204)
        self.admin.get(f"{TOKENS}/{token.serial}").expect(404)
        self.stocked(token)

    def test_an_import_takes_what_it_can_and_says_why_not_the_rest(self):
        good, changed = Token("GOOD", seed_of(5)), Token("GOOD", seed_of(6))
        self.stocked(good)
        self.assertEqual(result(imported(self.admin, csv_of(good))), ("done", 0, 1, 0))
        rest = [f",{seed_of(7).hex()},", "SHORT,0011,", "NOTHEX,xyz,", f"SUITE,{seed_of(8).hex()},ocra", f"LAST,{seed_of(9).hex()},"]
        done = imported(self.admin, csv_of(good, changed) + "".join(row + ",,,,,\n" for row in rest))
        self.assertEqual(result(done), ("done", 1, 1, 5))
        self.assertEqual([row["line"] for row in done["rows"]], list(range(3, 8)))
        self.assertEqual(done["rows"][0]["code"], "serial-number-taken")
        self.assertNotIn("zyx", json.dumps(done))

    def test_an_import_that_cannot_be_is_refused(self):
        self.admin.post(TOKENS + "/import", "x", type="text/plain").expect(415)
        both = {"Countersign-Seed-File-Key": "00" * 16, "Countersign-Seed-File-Passphrase": "x"}
        for headers in (both, {"Countersign-Seed-File-Key": "0"}, {"Countersign-Seed-File-Key": "00"}, {"Countersign-Seed-File-Passphrase": "%"}):
            self.admin.post(TOKENS + "/import", "x", type="text/csv", headers=headers).expect(400, "invalid-header")
        self.assertEqual(imported(self.admin, "serial\n1\n")["status"], "failed")
        self.admin.api_key("operator").post(TOKENS + "/import", csv_of(), type="text/csv").expect(403, "forbidden")

    def test_encrypted_files_are_opened_with_what_came_with_them(self):
        with tempfile.TemporaryDirectory() as scratch:
            made = subprocess.run([sys.executable, PSKC_WRITER, scratch, "12", "7"], capture_output=True, text=True)
            if "No module named" in made.stderr:
                self.skipTest("the library that writes encrypted files is missing: " + made.stderr.splitlines()[-1])
            self.assertEqual(made.returncode, 0, made.stderr)
            opened = set()
            for file in sorted(pathlib.Path(scratch).glob("*.xml")):
                opener, *expected = pathlib.Path(str(file) + ".expected").read_text(encoding="utf-8").splitlines()
                kind, _, secret = opener.partition(" ")
                opened.add(kind)
                self.check_pskc(file.read_bytes(), kind, secret, [line.split("|") for line in expected])
            self.assertEqual(opened, {"-", "key", "passphrase"})

    def check_pskc(self, file, kind, secret, expected):
        admin = self.server.account()
        headers = {"key": {"Countersign-Seed-File-Key": secret},
                   "passphrase": {"Countersign-Seed-File-Passphrase": urllib.parse.quote(secret)}}.get(kind, {})
        if kind == "key":
            wrong = imported(admin, file, "application/pskc+xml", **{"Countersign-Seed-File-Key": "00" * 16})
            self.assertLess(wrong["created"], len(expected))
        done = imported(admin, file, "application/pskc+xml", **headers)
        wanted = {row[0]: row for row in expected if row[3] != "ocra"}
        self.assertEqual(done["status"], "done", done)
        self.assertEqual(done["created"] + done["unchanged"], len(wanted))
        self.assertEqual({row["code"] for row in done["rows"]} | {"type-unsupported"}, {"type-unsupported"})
        for token in admin.all(TOKENS):
            row = wanted[token["serial_number"]]
            self.assertEqual([token["type"], token["algorithm"], str(token["digits"]), token["manufacturer"]], [row[3], row[4], row[5], row[1]])
        usable = next((row for row in wanted.values() if row[3] == "totp" and (row[8] == "0" or int(row[8]) > 2e12)), None)
        if usable:
            user, gateway = admin.user(), admin.api_key("gateway")
            token = Token(usable[0], bytes.fromhex(usable[10]), int(usable[6]), usable[4], int(usable[5]))
            admin.post(f"{AUTHENTICATORS}/{token.serial}/assign", {"user_id": user["id"], "active": True}).expect(200)
            self.assertTrue(gateway.post("/v1/verify", {"user_id": user["id"], "otp": token.next()}).expect(200).json["verified"])

    def test_lists(self):
        user, mine, other = self.admin.user(), Token("LIST-1", seed_of(10)), Token("LIST-2", seed_of(11))
        self.stocked(mine, other)
        self.assign(mine, user).expect(200)
        found = lambda **query: [each["serial_number"] for each in self.admin.all(TOKENS, query)]  # noqa: E731
        self.assertEqual((found(status="assigned"), found(status="in_stock"), found(status="retired")), (["LIST-1"], ["LIST-2"], []))
        self.assertEqual((found(user_id=user["id"]), found(serial="LIST-2"), found(serial="LIST")), (["LIST-1"], ["LIST-2"], []))
        self.assertEqual(sorted(found(limit="1")), ["LIST-1", "LIST-2"])
        self.admin.get(TOKENS, {"status": "lost"}).expect(400, "invalid-parameter")
        [event] = self.admin.events('type eq "hardware_token.assigned"')
        self.assertEqual((event["target"]["display"], event["subject"]["id"]), ("LIST-1", user["id"]))

    def test_the_command_line(self):
        keyed, file = self.server.scratch / "key", self.server.scratch / "tokens.csv"
        keyed.write_text(self.admin.key)
        token = Token("CLI 1", seed_of(12))
        file.write_text(csv_of(token))
        self.admin.user("cli@example.com")

        def run(*arguments):
            return subprocess.run([PROGRAMS / "countersign", "--server", f"http://127.0.0.1:{self.server.port}", "--key-file", keyed, "--json",
                                   "hardware-tokens", *arguments], text=True, capture_output=True, timeout=60)
        done = run("import", file)
        self.assertEqual((done.returncode, json.loads(done.stdout.splitlines()[-1])["created"]), (0, 1), done)
        file.unlink()
        self.assertEqual(json.loads(run("assign", token.serial, "cli@example.com", "--active").stdout)["status"], "active")
        self.assertIn(token.serial, run("list", "--user", "cli@example.com").stdout)
        self.assertEqual(run("unassign", token.serial).returncode, 1)
        self.assertEqual(json.loads(run("unassign", token.serial, "--force").stdout)["status"], "in_stock")
        self.assertEqual(json.loads(run("retire", token.serial).stdout)["status"], "retired")
        self.assertEqual(json.loads(run("show", token.serial).stdout)["reason"], "hardware_token_lost")
        self.assertEqual(run("delete", token.serial).returncode, 0)
        self.assertEqual(run("show", token.serial).returncode, 1)


class Remains(unittest.TestCase):
    """What is left of seeds that were imported, used, given back and deleted."""

    def test_no_seed_in_plain_and_a_log_that_tells_it_all(self):
        with Server(NO_LIMITS | {"LOG_LEVEL": "debug"}) as server:
            admin = server.account()
            gateway, users = admin.api_key("gateway"), [admin.user() for _ in range(3)]
            tokens = [Token(f"REST-{number}", seed_of(number)) for number in range(3)]
            imported(admin, csv_of(*tokens))
            imported(admin, "serial,seed_base32\nB32," + base64.b32encode(seed_of(9)).decode() + "\n")
            for token, user in zip(tokens, users):
                admin.post(f"{AUTHENTICATORS}/{token.serial}/assign", {"user_id": user["id"], "active": True}).expect(200)
                self.assertTrue(gateway.post("/v1/verify", {"user_id": user["id"], "otp": token.next()}).expect(200).json["verified"])
            admin.post(f"{AUTHENTICATORS}/{tokens[0].serial}/unassign", {"force": True}).expect(200)
            admin.delete(f"{TOKENS}/{tokens[0].serial}").expect(204)
            admin.post(f"/v1/users/{users[1]['id']}/disable").expect(200)
            admin.operation(admin.delete("/v1/users/" + users[1]["id"]).expect(202).json["operation_id"])
            server.kill()
            server.start()
            self.assertFalse(gateway.post("/v1/verify", {"user_id": users[2]["id"], "otp": tokens[2].at(0)}).expect(200).json["verified"])
            self.assertTrue(gateway.post("/v1/verify", {"user_id": users[2]["id"], "otp": tokens[2].next()}).expect(200).json["verified"])
            self.assertEqual(server.stop(), 0)
            assert_nowhere(self, server.scratch)
            verify(server.data)
            self.assertEqual(views_of(server.data), views_from_the_log_alone(server.data, server.scratch / "again"))


class AHundredThousand(unittest.TestCase):
    def rows(self):
        """With a bad row after every thousand good ones, and one that contradicts another at the end."""
        yield "serial,seed_hex,type,period"
        for number in range(MANY):
            kind = "totp,30" if number % 2 else "hotp,"
            yield f"M{number:06},{seed_of(number).hex()},{kind}"
            if number % 1000 == 999:
                yield [f"BAD{number},zz,,", f",{seed_of(number).hex()},,", f"BAD{number},{seed_of(number).hex()},unknown,"][number // 1000 % 3]
        yield f"M000000,{seed_of(1).hex()},hotp,"

    def test_are_imported_although_the_server_is_killed(self):
        with Server(NO_LIMITS) as server:
            admin = server.account("Many Inc")
            started = admin.post(TOKENS + "/import", "\n".join(self.rows()) + "\n", type="text/csv").expect(202).json["operation_id"]
            for share in (5, 2):
                until(lambda: admin.get("/v1/operations/" + started).expect(200).json["done"] > MANY // share, "it is under way", timeout=600)
                server.kill()
                assert_nowhere(self, server.data)
                server.start()
            done = admin.operation(started, timeout=600)
            self.assertEqual(result(done), ("done", MANY, 0, MANY // 1000 + 1))
            self.assertEqual(done["rows"][-1]["code"], "serial-number-taken")
            self.assertEqual([row["line"] for row in done["rows"][:3]], [1002, 2003, 3004])
            tokens = admin.all(TOKENS)
            self.assertEqual(len({token["serial_number"] for token in tokens}), MANY)
            self.assertEqual(len(tokens), MANY)
            self.check_use(admin)
            server.restart()
            self.check_use(admin)
            self.assertEqual(server.stop(), 0)
            assert_nowhere(self, server.scratch)
            verify(server.data)
            self.assertEqual(views_of(server.data), views_from_the_log_alone(server.data, server.scratch / "again"))

    def check_use(self, admin):
        user, gateway = admin.user(), admin.api_key("gateway")
        for number in (0, MANY // 2 + 1, MANY - 1):
            token = Token(f"M{number:06}", seed_of(number), 30 if number % 2 else 0)
            admin.post(f"{AUTHENTICATORS}/{token.serial}/assign", {"user_id": user["id"], "active": True}).expect(200)
            counter = int(time.time()) // 30 if token.period else 9
            otps = [token.at(counter + ahead) for ahead in (0, 1)]  # the next step may have begun, and after a restart it is another's
            self.assertTrue(any(gateway.post("/v1/verify", {"user_id": user["id"], "otp": otp}).expect(200).json["verified"] for otp in otps))
            admin.post(f"{AUTHENTICATORS}/{token.serial}/unassign", {"force": True}).expect(200)


if __name__ == "__main__":
    main()
