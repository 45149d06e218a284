#!/usr/bin/env python3
"""What an erasure leaves: events that still count, and nothing that says who it was, in any file of the data directory."""
import base64
import collections
import json
import shutil
import unittest

from support import NO_LIMITS, Server, id_bytes, main, raw, verify, views_from_the_log_alone, views_of

# Each marker in one place only, so that a find tells where it came from.
MARKS = {"first_name": "Zyxfirstmark", "last_name": "Zyxlastmark", "email": "zyxmailmark@example.com", "login_name": "zyxloginmark",
         "department": "Zyxdepartmentmark", "phone": "+41 79 5550199 zyx", "device": "Zyxdevicemark", "model": "Zyxmodelmark",
         "serial": "Zyxserialmark", "agent": "Zyxagentmark", "renamed": "Zyxrenamedmark", "former": "Zyxformermark",
         "imported": "zyximportedmark", "importedname": "Zyximportednamemark"}
IP = "198.51.100.77"
# A row of the key store, as it stands in its write-ahead log: 's', account and user; then the wrapped key's length, which
# is one byte. It is version, two key ids and nonce (29 bytes), and the sealed key with its tag, which nobody can guess.
WRAPPED, SEALED_AT = 77, 29


def plain_forms(text):
    """What a program might write for the text, in lower case: in a wide encoding, as hex, percent or JSON escapes."""
    lower = text.lower()
    escaped = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02x}" for byte in lower.encode("utf-8"))
    return {lower.encode("utf-8"), lower.encode("utf-16-le"), lower.encode("utf-16-be"), text.encode("utf-8").hex().encode(),
            lower.encode("utf-8").hex().encode(), json.dumps(lower)[1:-1].encode(), escaped.encode()}


def base64_forms(text):
    """The text in base 64, wherever in it the text begins: without the characters that its neighbours have a part in."""
    forms = set()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text.encode("utf-8") + b"\0\0")
        first, last = (8 * before + 5) // 6, 8 * (before + len(text.encode("utf-8"))) // 6
        forms |= {whole[first:last], whole[first:last].translate(bytes.maketrans(b"+/", b"-_"))}
    return forms


class Erasure(unittest.TestCase):
    def setUp(self):
        self.server = Server(NO_LIMITS | {"LOG_LEVEL": "debug", "TRUSTED_PROXIES": "127.0.0.1/32"})
        self.addCleanup(self.server.close)
        self.admin = self.server.account("Erasure Inc")

    def files(self):
        """[(path below the data directory, its bytes)]."""
        return [(str(path.relative_to(self.server.data)), path.read_bytes()) for path in self.server.data.rglob("*") if path.is_file()]

    def found(self, texts):
        """[(file, text)] wherever the text stands, whatever its case, width or escapes."""
        found = []
        for name, bytes_ in self.files():
            lower = bytes_.lower()
            for text in texts:
                if any(form in lower for form in plain_forms(text)) or any(form in bytes_ for form in base64_forms(text)):
                    found.append((name, text))
        return found

    def holding(self, bytes_):
        """The files that hold these bytes."""
        return [name for name, held in self.files() if bytes_ in held]

    def sealed_key(self, user):
        """The sealed part of the person's wrapped key, from the write-ahead log of the key store."""
        row = b"s" + id_bytes(self.admin.account) + id_bytes(user) + bytes([WRAPPED])
        for name, held in self.files():
            at = held.find(row)
            if name.startswith("keys/") and name.endswith(".log") and at >= 0:
                wrapped = held[at + len(row):][:WRAPPED]
                self.assertEqual((len(wrapped), wrapped[0]), (WRAPPED, 1))
                return wrapped[SEALED_AT:]
        raise AssertionError("the person's key is not in the key store")

    def plant(self):
        from_there = {"X-Forwarded-For": IP, "User-Agent": MARKS["agent"]}
        user = self.admin.post("/v1/users", {"first_name": MARKS["first_name"], "last_name": MARKS["former"], "email": MARKS["email"],
                                             "login_name": MARKS["login_name"],
                                             "attributes": {"department": MARKS["department"], "mobile": MARKS["phone"]}},
                               headers=from_there | {"Idempotency-Key": "zyxretrymark"}).expect(201).json["id"]
        self.admin.patch("/v1/users/" + user, {"last_name": MARKS["last_name"]}, headers=from_there).expect(200)
        codes = self.admin.codes(user, count=3)
        device = {"name": MARKS["device"], "platform": "android", "model": MARKS["model"], "serial": MARKS["serial"]}
        made = self.server.client().post("/v1/redeem", {"code": codes[0]["code"], "device": device}, headers=from_there).expect(201).json
        self.admin.patch("/v1/devices/" + made["device_id"], {"name": MARKS["renamed"]}).expect(200)
        # Who tries a used code need not be its user: where that came from is not the user's, and stays.
        self.server.client().post("/v1/redeem", {"code": codes[0]["code"], "device": device}).expect(400)
        gateway = self.admin.api_key("gateway")
        self.assertEqual(gateway.introspect(made["access_token"])["username"], MARKS["login_name"])
        session = self.admin.get("/v1/sessions/" + made["session_id"]).json
        self.assertEqual((session["ip"], session["user_agent"]), (IP, MARKS["agent"]))
        return user, codes, made

    def erase(self, user):
        self.admin.post(f"/v1/users/{user}/disable").expect(200)
        operation = self.admin.operation(self.admin.delete("/v1/users/" + user).expect(202).json["operation_id"])
        self.assertEqual(operation["status"], "done")

    def test_nothing_readable_is_left_and_events_still_count(self):
        user, codes, made = self.plant()
        before = self.admin.events(sort="asc")
        about = [event for event in before if event["subject"] and event["subject"]["id"] == user]
        self.assertGreater(len(about), 8)
        self.assertIn(MARKS["last_name"], json.dumps(about))
        secrets = [code["code"] for code in codes] + [code["code"].replace("-", "") for code in codes] + [made["access_token"]]
        self.erase(user)
        self.assertEqual(self.found([*MARKS.values(), IP, "zyxretrymark", *secrets]), [])

        after = self.admin.events(sort="asc")
        self.assertEqual([(event["id"], event["sequence"], event["type"], event["outcome"]) for event in after[:len(before)]],
                         [(event["id"], event["sequence"], event["type"], event["outcome"]) for event in before], "they still count")
        still = [event for event in after if event["subject"] and event["subject"]["id"] == user]
        self.assertEqual([event["type"] for event in still][-1], "user.erased")
        self.assertEqual({event["subject"]["display"] for event in still}, {"(erased)"})
        for event in still[:len(about)]:
            self.assertTrue(event["type"] == "registration_code.redemption_refused" or event["client"]["ip"] is None, event)
        shown = json.dumps(after)
        for mark in (*MARKS.values(), IP, *secrets):
            self.assertNotIn(mark, shown)
        for query in ({"email": MARKS["email"]}, {"q": "zyx"}):
            self.assertEqual(self.admin.get("/v1/users", query).expect(200).json["items"], [])
        for code in codes:
            self.server.client().redeem(code["code"]).expect(400, "code-not-redeemable")
        said = self.server.said()
        for mark in (*MARKS.values(), *secrets):
            self.assertNotIn(mark, said, "nor did it ever stand in the log of the program")

        # The address is free again, and is somebody else.
        again = self.admin.user(MARKS["email"].upper())["id"]
        self.assertNotEqual(again, user)
        self.erase(again)
        # After a restart, and after the views are folded anew, it is the same.
        self.server.stop()
        self.assertEqual(self.found([*MARKS.values(), IP, *secrets]), [])
        shutil.rmtree(self.server.data / "views")
        self.server.start()
        self.assertEqual(self.admin.events(sort="asc")[:len(after)], after)
        self.assertEqual(self.found([*MARKS.values(), IP, *secrets]), [])

    def test_the_search_finds_every_plain_form(self):
        text = "Zyx-Söught@Mark"
        written = [b"ZYX-s\xc3\xb6UGHT@mARK", text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("utf-8").hex().encode(),
                   json.dumps(text).encode(), b"Zyx%2DS%C3%B6ught%40Mark",
                   *(base64.b64encode(b"?" * before + text.encode("utf-8") + b"??") for before in range(3)),
                   base64.urlsafe_b64encode(text.encode("utf-8"))]
        file = self.server.data / "operations" / "planted"
        for form in written:
            file.write_bytes(b"before" + form + b"behind")
            self.assertEqual(self.found([text]), [("operations/planted", text)], form)
        file.unlink()
        self.assertEqual(self.found([text]), [])

    def test_the_wrapped_key_is_in_no_file(self):
        user, _, _ = self.plant()
        stays = self.admin.user("stays@example.com")["id"]
        gone, kept = self.sealed_key(user), self.sealed_key(stays)
        self.assertNotEqual(gone, kept)
        self.assertTrue(all(name.startswith("keys/") for name in self.holding(gone)), "and nowhere else")

        def counted():
            return collections.Counter(event["type"] for event in self.admin.events()
                                       if event["sequence"] <= known and event["subject"] and event["subject"]["id"] == user)

        known = len(self.admin.events())
        before = counted()
        self.assertGreater(before.total(), 8)
        self.erase(user)
        self.assert_destroyed(gone, kept)
        self.assertEqual(self.found([*MARKS.values(), IP]), [])

        # What was known about the person still counts, and the log is whole.
        self.assertEqual(counted(), before)
        self.server.stop()
        verify(self.server.data)
        self.assert_destroyed(gone, kept)
        self.assertEqual(views_from_the_log_alone(self.server.data, self.server.scratch / "rebuilt"), views_of(self.server.data))

    def test_a_key_in_a_table_goes_too(self):
        people = [self.admin.user()["id"] for _ in range(20)]
        sealed = {user: self.sealed_key(user) for user in people}
        self.server.restart()  # the write-ahead log of before becomes a table
        user = people[7]
        self.assertEqual([name.rpartition(".")[2] for name in self.holding(sealed[user])], ["sst"])
        self.erase(user)
        self.assert_destroyed(sealed[user], *(sealed[other] for other in people if other != user))
        self.server.restart()
        self.assert_destroyed(sealed[user], *(sealed[other] for other in people if other != user))

    def assert_destroyed(self, gone, *kept):
        self.assertEqual(self.holding(gone), [])
        for bytes_ in kept:
            self.assertNotEqual(self.holding(bytes_), [], "only that one")

    def test_before_the_erasure_nothing_stands_in_clear_either(self):
        _, codes, made = self.plant()
        self.assertEqual(self.found([*MARKS.values(), IP, *(code["code"].replace("-", "") for code in codes), made["access_token"],
                                     self.admin.key]), [])

    def test_the_spool_of_an_import_is_gone(self):
        filler = "".join(f"spooled-{number}@example.com,Spooled,{number}\n" for number in range(3000))
        text = f"email,first_name,last_name\n{MARKS['imported']}@example.com,{MARKS['importedname']},X\n" + filler
        started = self.admin.post("/v1/users/import", text, type="text/csv").expect(202).json["operation_id"]
        self.assertEqual(self.found([MARKS["imported"], MARKS["importedname"]]), [], "sealed even while it waits")
        self.assertEqual(self.admin.operation(started)["created"], 3001)
        operations = self.server.data / "operations"
        self.assertEqual([path.name for path in operations.iterdir() if path.suffix != ".json"], [])
        user = self.admin.get("/v1/users", {"email": MARKS["imported"] + "@example.com"}).json["items"][0]["id"]
        self.erase(user)
        self.assertEqual(self.found([MARKS["imported"], MARKS["importedname"]]), [])

    def test_others_keep_theirs(self):
        gone, stays = self.admin.user("gone@example.com")["id"], self.admin.user("stays@example.com", first_name="Stays")["id"]
        [code] = self.admin.codes(stays)
        self.erase(gone)
        self.server.restart()
        self.assertEqual(self.admin.get("/v1/users/" + stays).expect(200).json["email"], "stays@example.com")
        made = next(event for event in self.admin.events() if event["type"] == "user.created" and event["subject"]["id"] == stays)
        self.assertTrue(made["subject"]["display"].startswith("Stays"))
        self.server.client().redeem(code["code"]).expect(201)
        self.assertIn(b"200", raw(self.server, b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[:20])


if __name__ == "__main__":
    main()
