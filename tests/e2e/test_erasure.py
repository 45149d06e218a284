#!/usr/bin/env python3
"""What an erasure leaves: events that still count, and nothing that says who it was, in any file of the data directory."""
import json
import shutil
import unittest

from support import NO_LIMITS, Server, main, raw

# Each marker in one place only, so that a find tells where it came from.
MARKS = {"first_name": "Zyxfirstmark", "last_name": "Zyxlastmark", "email": "zyxmailmark@example.com", "login_name": "zyxloginmark",
         "department": "Zyxdepartmentmark", "device": "Zyxdevicemark", "model": "Zyxmodelmark", "serial": "Zyxserialmark",
         "agent": "Zyxagentmark", "renamed": "Zyxrenamedmark", "former": "Zyxformermark", "imported": "zyximportedmark",
         "importedname": "Zyximportednamemark"}
IP = "198.51.100.77"


class Erasure(unittest.TestCase):
    def setUp(self):
        self.server = Server(NO_LIMITS | {"LOG_LEVEL": "debug", "TRUSTED_PROXIES": "127.0.0.1/32"})
        self.addCleanup(self.server.close)
        self.admin = self.server.account("Erasure Inc")

    def found(self, texts):
        """[(file, text)] wherever the text stands in raw bytes, whatever its case or width."""
        found = []
        for path in self.server.data.rglob("*"):
            if not path.is_file():
                continue
            bytes_ = path.read_bytes().lower()
            for text in texts:
                for encoding in ("utf-8", "utf-16-le"):
                    if text.lower().encode(encoding) in bytes_:
                        found.append((str(path.relative_to(self.server.data)), text))
        return found

    def plant(self):
        from_there = {"X-Forwarded-For": IP, "User-Agent": MARKS["agent"]}
        user = self.admin.post("/v1/users", {"first_name": MARKS["first_name"], "last_name": MARKS["former"], "email": MARKS["email"],
                                             "login_name": MARKS["login_name"], "attributes": {"department": MARKS["department"]}},
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
