#!/usr/bin/env python3
"""The whole life of a server as an administrator sees it, against the real countersignd."""
import base64
import csv
import datetime
import http.client
import io
import json
import shutil
import threading
import time
import unittest

from support import Server, ServerTest, key, main, until, without_reads


class Directory(ServerTest):
    """Import, generation and hand-out."""

    DIRTY = ("\ufeffFIRST_NAME;last name;E Mail;Login name;Department;Shoe size\r\n"
             "Ada;Lovelace; ADA@Example.COM ;ada;Analysis;37\r\n"
             "=1+2;\uff0bevil;formula@example.com;;\" @SUM(A1)\";1\r\n"
             "\"Grace \"\"Amazing\"\"\";Hopper;grace@b\u00fccher.example;;\"Compilers;\r\nand more\";2\r\n"
             "Nobody;Here;not-an-address;;;3\r\n"
             ";;unnamed@example.com;;;4\r\n"
             "Ada;Twin;ada@example.com;;;5\r\n"
             "Login;Thief;thief@example.com;ADA;;6\r\n"
             "Too;Few;few@example.com\r\n"
             "Mail;Missing;;;;7\r\n")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account("Directory Inc")

    def test_1_import_lands_what_is_good_and_reports_what_is_not(self):
        text = self.DIRTY.encode()
        dry = self.admin.import_csv(text, query={"dry_run": "true"})
        self.assertEqual(dry["status"], "done")
        self.assertTrue(dry["dry_run"])
        self.assertEqual(self.admin.all("/v1/users"), [], "a dry run changes nothing")

        operation = self.admin.import_csv(text)
        self.assertEqual(operation["status"], "done", operation)
        self.assertEqual([(row["line"], row["code"]) for row in operation["rows"]],
                         [(6, "email-invalid"), (7, "name-missing"), (9, "login-name-taken"), (10, "columns-missing"),
                          (11, "email-missing")], operation["rows"])
        self.assertEqual((operation["total"], operation["failed"], operation["created"], operation["updated"]), (9, 5, 3, 1))
        self.assertEqual(operation["ignored_columns"], ["Shoe size"])
        shown = json.dumps(operation, ensure_ascii=False)
        for secret in ("not-an-address", "unnamed", "few@", "thief"):
            self.assertNotIn(secret, shown, "what a row said is not repeated")

        users = {user["email"]: user for user in self.admin.all("/v1/users")}
        self.assertEqual(set(users), {"ada@example.com", "formula@example.com", "grace@xn--bcher-kva.example"})
        self.assertEqual(users["ada@example.com"]["last_name"], "Twin", "the later row wins")
        self.assertEqual(users["formula@example.com"]["attributes"]["department"], "@SUM(A1)", "kept as it is")
        self.assertEqual(users["grace@xn--bcher-kva.example"]["first_name"], 'Grace "Amazing"')

    def test_2_import_can_be_repeated(self):
        before = self.admin.all("/v1/users")
        again = self.admin.import_csv('email,first_name,last_name\nada@example.com,Ada,Twin\nnew@example.com,New,One\n')
        self.assertEqual((again["created"], again["updated"], again["unchanged"], again["failed"]), (1, 0, 1, 0))
        self.assertEqual([user for user in self.admin.all("/v1/users") if user["email"] != "new@example.com"], before)
        self.assertIn("@SUM(A1)", self.admin.get("/v1/users", {"q": "formula"}).text, "what a file leaves out stays")

    def test_3_import_of_ndjson(self):
        lines = [{"email": "json@example.com", "first_name": "J", "last_name": "Son", "mobile": "+49 30 1"},
                 {"email": "json2@example.com", "first_name": 5}, "no object"]
        started = self.admin.post("/v1/users/import", "\n".join(map(json.dumps, lines)), type="application/x-ndjson").expect(202)
        operation = self.admin.operation(started.json["operation_id"])
        self.assertEqual((operation["created"], operation["failed"]), (1, 2), operation)
        self.assertEqual(started.headers["Location"], "/v1/operations/" + operation["id"])

    def test_4_codes_for_everybody_who_never_had_one(self):
        mfa = self.admin.user("mfa@example.com", mfa_configured=True)
        first = self.admin.post("/v1/registration-codes/generate-for-new-users").expect(202).json["operation_id"]
        operation = self.admin.operation(first)
        self.assertEqual((operation["status"], operation["done"], operation["failed"]), ("done", 5, 1), operation)
        self.assertEqual((operation["rows"][0]["user_id"], operation["rows"][0]["code"]), (mfa["id"], "mfa-configured"))
        again = self.admin.operation(
            self.admin.post("/v1/registration-codes/generate-for-new-users").expect(202).json["operation_id"])
        self.assertEqual(again["done"], 0, "a second call generates nothing")
        answer = self.admin.post("/v1/registration-codes", {"user_ids": [mfa["id"]]})
        answer.expect(409, "mfa-configured")
        type(self).generation = first

    def test_5_csv_to_hand_out(self):
        answer = self.admin.get("/v1/registration-codes.csv", {"operation_id": self.generation}).expect(200)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertTrue(answer.body.startswith(b"\xef\xbb\xbf"), "UTF-8 with byte order mark")
        rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
        self.assertEqual(rows[0], ["First name", "Last name", "Email", "Registration code"])
        by_mail = {row[2]: row for row in rows[1:]}
        self.assertEqual(len(by_mail), 5)
        self.assertEqual(by_mail["formula@example.com"][:2], ["'=1+2", "'\uff0bevil"], "cells that are formulas are escaped")
        for row in rows[1:]:
            self.assertRegex(row[3], "^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$")
            self.assertNotRegex(row[3], "[01OIL]")
        more = self.admin.get("/v1/registration-codes.csv", {"columns": "department,expires_at"}).expect(200).body.decode("utf-8-sig")
        found = next(row for row in csv.reader(io.StringIO(more)) if "formula@example.com" in row)
        self.assertTrue(any(cell.lstrip().startswith("'") and "@SUM(A1)" in cell for cell in found), found)
        downloads = self.admin.events('type eq "registration_codes.downloaded"')
        self.assertEqual(len(downloads), 2)
        self.assertEqual(downloads[0]["severity"], "high")
        self.admin.get("/v1/registration-codes.csv", {"operation_id": "op_1"}).expect(400, "invalid-parameter")
        later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).isoformat()
        none = self.admin.get("/v1/registration-codes.csv", {"generated_since": later}).expect(200).text
        self.assertEqual(len(none.splitlines()), 1)
        self.assertEqual(by_mail["ada@example.com"][3],
                         self.admin.get("/v1/registration-codes", {"user_id": self.user("ada@example.com")}).json["items"][0]["code"])

    def user(self, email):
        return self.admin.get("/v1/users", {"email": email}).expect(200).json["items"][0]["id"]

    def test_6_lists_find_people(self):
        def found(**query):
            return sorted(user["email"] for user in self.admin.all("/v1/users", query))
        self.assertEqual(found(email=" Ada@EXAMPLE.com "), ["ada@example.com"])
        self.assertEqual(found(q="LOVE"), [])
        self.assertEqual(found(q="twin"), ["ada@example.com"])
        self.assertEqual(found(mfa="true"), ["mfa@example.com"])
        self.assertEqual(found(status="disabled"), [])
        self.assertEqual(len(found(limit="2")), 6, "pages add up")
        page = self.admin.get("/v1/users", {"limit": "2"}).expect(200)
        self.assertTrue(page.json["has_more"])
        self.assertIn('rel="next"', page.headers["Link"])
        target = page.headers["Link"].split(">")[0].lstrip("<")
        self.assertEqual(self.admin.get(target).expect(200).json["items"],
                         self.admin.get("/v1/users", {"limit": "2", "after": page.json["next"]}).json["items"])
        for wrong in ({"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"after": "x"}, {"status": "gone"}, {"mfa": "1"},
                      {"offset": "5"}, {"limit": "2", "after": page.json["next"], "q": "a"}):
            self.assertEqual(self.admin.get("/v1/users", wrong).status, 400, wrong)


class Life(ServerTest):
    """Redeem, check, revoke, reset, disable, erase."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account("Life Inc")
        cls.gateway = cls.admin.api_key("gateway")
        cls.anybody = cls.server.client()

    def person(self, codes=1):
        user = self.admin.user()
        return user["id"], self.admin.codes(user["id"], count=codes)

    def activated(self):
        user, [code] = self.person()
        return user, code, self.anybody.redeem(code["code"]).expect(201).json

    def assert_inactive(self, token):
        answer = self.gateway.post("/oauth2/introspect", "token=" + token, type="application/x-www-form-urlencoded")
        self.assertEqual(answer.expect(200).body, b'{"active":false}')

    def test_redeem_in_one_step(self):
        user, [code] = self.person()
        self.assertEqual(code["status"], "open")
        spelled = " " + code["code"].lower().replace("-", "- ") + " "
        answer = self.anybody.redeem(spelled, "Ada's phone", headers={"User-Agent": "Phone/1.0"}).expect(201)
        made = answer.json
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(made["user_id"], user)
        seen = self.gateway.introspect(made["access_token"])
        self.assertEqual((seen["active"], seen["sub"], seen["client_id"], seen["session_id"]),
                         (True, user, made["device_id"], made["session_id"]))
        self.assertAlmostEqual(seen["iat"], time.time(), delta=60)
        self.assertNotIn("exp", seen)
        device = self.admin.get("/v1/devices/" + made["device_id"]).expect(200).json
        self.assertEqual((device["name"], device["status"], device["registration_code_id"]), ("Ada's phone", "active", code["id"]))
        session = self.admin.get("/v1/sessions/" + made["session_id"]).expect(200).json
        self.assertEqual((session["active"], session["ip"], session["user_agent"]), (True, "127.0.0.1", "Phone/1.0"))
        token = self.admin.get("/v1/tokens/" + made["token_id"]).expect(200)
        self.assertEqual(token.json["status"], "active")
        self.assertNotIn(made["access_token"], token.text)
        used = self.admin.get("/v1/registration-codes/" + code["id"]).expect(200).json
        self.assertEqual((used["status"], used["device_id"]), ("used", made["device_id"]))
        self.assertNotIn("code", used, "in clear only while open")
        types = [event["type"] for event in self.admin.events(f'subject eq "{user}"', sort="asc")]
        self.assertEqual(types[-4:], ["registration_code.used", "device.activated", "token.issued", "session.started"])
        # Another account's gateway knows nothing of it.
        other = self.server.account("Other").api_key("gateway")
        self.assertEqual(other.introspect(made["access_token"]), {"active": False})

    def test_redeem_in_two_steps(self):
        user, [code] = self.person()
        reserved = self.anybody.post("/v1/redeem", {"code": code["code"]}).expect(201).json
        self.assertEqual(reserved["user_id"], user)
        self.assertEqual(self.admin.get("/v1/registration-codes/" + code["id"]).json["status"], "reserved")
        self.anybody.redeem(code["code"]).expect(400, "code-not-redeemable")
        ticket = {"activation_ticket": reserved["activation_ticket"], "device": {"name": "tablet", "platform": "ios"}}
        made = self.anybody.post("/v1/devices/activate", ticket).expect(201).json
        self.assertTrue(self.gateway.introspect(made["access_token"])["active"])
        self.assertEqual(self.admin.get("/v1/registration-codes/" + code["id"]).json["status"], "used")
        self.anybody.post("/v1/devices/activate", ticket).expect(400, "ticket-not-redeemable")
        self.anybody.post("/v1/devices/activate", ticket | {"activation_ticket": "no ticket"}).expect(400, "ticket-malformed")

    def test_explain(self):
        user, [code, spare] = self.person(2)
        operator = self.admin.api_key("operator")

        def explain(**question):
            return operator.post("/v1/registration-codes/lookup", question)
        self.assertIsNone(explain(code=code["code"]).expect(200).json["reason"])
        self.anybody.redeem(code["code"]).expect(201)
        refused = self.anybody.redeem(code["code"]).expect(400, "code-not-redeemable").json
        self.assertEqual(explain(code=code["code"]).json["reason"], "code_used")
        by_reference = explain(reference=refused["reference"]).expect(200).json
        self.assertEqual((by_reference["id"], by_reference["user_id"], by_reference["status"], by_reference["reason"]),
                         (code["id"], user, "used", "code_used"))
        unknown = code["code"][:2] + "23-4567-89AB"
        refused = self.anybody.redeem(unknown).expect(400, "code-not-redeemable").json
        self.assertEqual(explain(reference=refused["reference"]).expect(200).json["reason"], "code_unknown")
        explain(code=unknown).expect(404)
        explain(code="not a code").expect(400, "code-malformed")
        explain(reference="0" * 32).expect(404)
        explain(code=code["code"], reference="x").expect(422)
        self.admin.post(f"/v1/users/{user}/disable").expect(200)
        blocked = explain(code=spare["code"]).expect(200).json
        self.assertEqual((blocked["blocked"], blocked["reason"], blocked["status"]), (True, "user_disabled", "open"))

    def test_what_cannot_be_a_code_says_so(self):
        for text in ("", "ABC", "O123-4567-89AB", "L" * 12, "2" * 13, "2345-6789-\u00c4BC"):
            refused = self.anybody.redeem(text).expect(400, "code-malformed").json
            self.assertTrue(refused["hint"], text)

    def test_revoking_a_code(self):
        user, code, made = self.activated()
        [another] = self.admin.codes(user)
        revoked = self.admin.post(f"/v1/registration-codes/{code['id']}/revoke").expect(200).json
        self.assertEqual(revoked["status"], "revoked")
        self.assert_inactive(made["access_token"])
        self.assertEqual(self.admin.get("/v1/devices/" + made["device_id"]).json["status"], "revoked")
        self.assertFalse(self.admin.get("/v1/sessions/" + made["session_id"]).json["active"])
        self.assertEqual(self.admin.get("/v1/registration-codes/" + another["id"]).json["status"], "open")
        self.admin.post(f"/v1/registration-codes/{another['id']}/revoke").expect(200)
        self.anybody.redeem(another["code"]).expect(400, "code-not-redeemable")
        events = len(self.admin.events())
        self.admin.post(f"/v1/registration-codes/{another['id']}/revoke").expect(200)
        self.assertEqual(len(self.admin.events()), events, "revoking twice is revoking once")

    def test_ending_devices_tokens_and_sessions(self):
        for end in (lambda made: self.admin.post(f"/v1/devices/{made['device_id']}/revoke").expect(200),
                    lambda made: self.admin.post(f"/v1/tokens/{made['token_id']}/revoke").expect(200),
                    lambda made: self.admin.delete(f"/v1/sessions/{made['session_id']}").expect(204),
                    lambda made: self.admin.delete(f"/v1/users/{made['user_id']}/sessions").expect(200),
                    lambda made: self.anybody.post("/oauth2/revoke", "token=" + made["access_token"],
                                                   type="application/x-www-form-urlencoded").expect(200)):
            _, _, made = self.activated()
            self.assertTrue(self.gateway.introspect(made["access_token"])["active"])
            end(made)
            self.assert_inactive(made["access_token"])
            self.assertNotEqual(self.admin.get("/v1/tokens/" + made["token_id"]).json["status"], "active")
            self.assertFalse(self.admin.get("/v1/sessions/" + made["session_id"]).json["active"])
        self.anybody.post("/oauth2/revoke", "token=unknown", type="application/x-www-form-urlencoded").expect(200)

    def test_reset(self):
        user, code, made = self.activated()
        [spare] = self.admin.codes(user)
        self.assertEqual(self.admin.post(f"/v1/users/{user}/reset").expect(200).json, {"codes_revoked": 2})
        self.assert_inactive(made["access_token"])
        for each in (code, spare):
            self.assertEqual(self.admin.get("/v1/registration-codes/" + each["id"]).json["status"], "revoked")
        self.assertEqual(len(self.admin.get("/v1/registration-codes", {"user_id": user}).json["items"]), 2, "no new code")
        people = [self.person() for _ in range(3)]
        ids = [person[0] for person in people]
        self.admin.post("/v1/users/reset", {"user_ids": ids + ["usr_" + "0" * 26]}).expect(404)
        self.assertEqual(self.admin.get("/v1/registration-codes/" + people[0][1][0]["id"]).json["status"], "open", "all or nothing")
        self.assertEqual(self.admin.post("/v1/users/reset", {"user_ids": ids}).expect(200).json, {"codes_revoked": 3})

    def test_disable_and_enable(self):
        user, _, made = self.activated()
        [spare] = self.admin.codes(user)
        self.admin.post(f"/v1/users/{user}/disable").expect(200)
        self.assert_inactive(made["access_token"])
        self.assertFalse(self.admin.get("/v1/sessions/" + made["session_id"]).json["active"])
        shown = self.admin.get("/v1/registration-codes/" + spare["id"]).json
        self.assertEqual((shown["status"], shown["blocked"]), ("open", True))
        self.anybody.redeem(spare["code"]).expect(400, "code-not-redeemable")
        self.admin.post("/v1/registration-codes", {"user_ids": [user]}).expect(409, "user-disabled")
        self.assertEqual(self.admin.post(f"/v1/users/{user}/enable").expect(200).json["status"], "active")
        self.assert_inactive(made["access_token"])
        self.anybody.redeem(spare["code"]).expect(201)

    def test_erase(self):
        user, code, made = self.activated()
        self.admin.delete("/v1/users/" + user).expect(409, "user-not-disabled")
        self.admin.post(f"/v1/users/{user}/disable").expect(200)
        erased = self.admin.operation(self.admin.delete("/v1/users/" + user).expect(202).json["operation_id"])
        self.assertEqual((erased["status"], erased["kind"], erased["user_id"]), ("done", "erase_user", user))
        for path in ("/v1/users/" + user, "/v1/devices/" + made["device_id"], "/v1/registration-codes/" + code["id"]):
            self.admin.get(path).expect(404, "not-found")
        self.admin.delete("/v1/users/" + user).expect(404)
        self.assert_inactive(made["access_token"])

    def test_secrets_are_not_shown_again(self):
        _, code, made = self.activated()
        auditor = self.admin.api_key("auditor")
        open_code = self.person()[1][0]
        everything = "".join(auditor.get(path, {"limit": "1000"}).expect(200).text for path in
                             ("/v1/registration-codes", "/v1/tokens", "/v1/devices", "/v1/sessions", "/v1/events", "/v1/api-keys"))
        for secret in (code["code"], open_code["code"], made["access_token"], auditor.key, self.admin.key):
            self.assertNotIn(secret, everything)
        self.assertIn(open_code["code"], self.admin.get("/v1/registration-codes", {"status": "open", "limit": "1000"}).text)


class Rules(ServerTest):
    """Policy, versions, retries, positions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account("Rules Inc")
        cls.anybody = cls.server.client()

    def test_provisioning_policy(self):
        admin = self.server.account("Policy Inc")
        policy = admin.get("/v1/provisioning").expect(200).json
        self.assertEqual((policy["method"], policy["code_validity"]), ("registration_code", {"value": 7, "unit": "days"}))
        user = admin.user()["id"]
        [before] = admin.codes(user)
        for wrong in ({"value": 8, "unit": "days"}, {"value": 169, "unit": "hours"}):
            admin.patch("/v1/provisioning", {"code_validity": wrong}).expect(422, "validity-out-of-range")
        self.assertEqual(admin.patch("/v1/provisioning", {"code_validity": {"value": 0, "unit": "days"}}).status, 422)
        admin.patch("/v1/provisioning", {"code_validity": {"value": 2, "unit": "hours"}}).expect(200)
        [after] = admin.codes(user)
        self.assertEqual(admin.get("/v1/registration-codes/" + before["id"]).json["expires_at"], before["expires_at"])

        def hours(code):
            end = datetime.datetime.fromisoformat(code["expires_at"].replace("Z", "+00:00"))
            return (end - datetime.datetime.now(datetime.timezone.utc)).total_seconds() / 3600
        self.assertAlmostEqual(hours(before), 168, delta=0.1)
        self.assertAlmostEqual(hours(after), 2, delta=0.1)
        admin.patch("/v1/provisioning", {"invitation": {"send_to_created": True}}).expect(409, "delivery-not-configured")
        admin.patch("/v1/provisioning", {"method": "invitation_email"}).expect(409, "delivery-not-configured")

    def test_unique_in_the_account(self):
        self.admin.user("Unique@Example.com", login_name="unique")
        person = {"first_name": "A", "email": " uniquE@example.com "}
        self.admin.post("/v1/users", person).expect(409, "email-taken")
        self.admin.post("/v1/users", person | {"email": "u2@example.com", "login_name": "UNIQUE"}).expect(409, "login-name-taken")
        other = self.server.account("Another")
        other.post("/v1/users", person | {"login_name": "unique"}).expect(201)
        third = self.admin.user()
        self.admin.patch("/v1/users/" + third["id"], {"email": "unique@example.com"}).expect(409, "email-taken")

    def test_versions(self):
        made = self.admin.post("/v1/users", {"first_name": "V", "email": "version@example.com"}).expect(201)
        path, tag = "/v1/users/" + made.json["id"], made.headers["ETag"]
        self.assertEqual(self.admin.get(path).headers["ETag"], tag)
        changed = self.admin.patch(path, {"last_name": "W"}, headers={"If-Match": tag}).expect(200)
        self.assertNotEqual(changed.headers["ETag"], tag)
        self.admin.patch(path, {"last_name": "X"}, headers={"If-Match": tag}).expect(412, "version-mismatch")
        self.assertEqual(self.admin.get(path).json["last_name"], "W")
        self.admin.patch(path, {"last_name": "Y"}).expect(200)
        [code] = self.admin.codes(made.json["id"])
        device = "/v1/devices/" + self.anybody.redeem(code["code"]).expect(201).json["device_id"]
        tag = self.admin.get(device).headers["ETag"]
        self.admin.patch(device, {"name": "renamed"}, headers={"If-Match": tag}).expect(200)
        self.admin.patch(device, {"name": "again"}, headers={"If-Match": tag}).expect(412, "version-mismatch")
        self.assertEqual(self.admin.get(device).json["name"], "renamed")

    def test_versions_as_rfc_9110_writes_them(self):
        made = self.admin.user()
        path, number = "/v1/users/" + made["id"], made["version"]
        for tags in ('"v{}"', '"v99", "v{}"', "*"):
            self.admin.patch(path, {"last_name": f"L{number}"}, headers={"If-Match": tags.format(number)}).expect(200)
            number += 1
        for tags in (f'W/"v{number}"', f"v{number}", f'"{number}"', '"v1"'):
            self.admin.patch(path, {"last_name": "no"}, headers={"If-Match": tags}).expect(412, "version-mismatch")

    def test_attributes_are_merged(self):
        made = self.admin.user(attributes={"department": "Sales", "mobile": "+49 1"})
        path = "/v1/users/" + made["id"]

        def change(attributes):
            return self.admin.patch(path, {"attributes": attributes}).expect(200).json["attributes"]
        self.assertEqual(change({"mobile": "+49 2"}), {"department": "Sales", "mobile": "+49 2"})
        self.assertEqual(change({"mobile": None, "floor": "3"}), {"department": "Sales", "floor": "3"})
        self.assertEqual(change({"mobile": None}), {"department": "Sales", "floor": "3"})
        change({f"a{number}": "x" for number in range(30)})
        self.admin.patch(path, {"attributes": {"one too many": "x"}}).expect(422, "invalid-fields")

    def test_a_dry_run_is_another_request_than_the_import(self):
        retry, people = key(), "email,first_name\ndry-and-wet@example.com,D\n"
        dry = self.admin.import_csv(people, query={"dry_run": "true"}, headers=retry)
        self.assertTrue(dry["dry_run"])
        for query in ({"dry_run": "false"}, None):
            self.admin.post("/v1/users/import", people, type="text/csv", query=query,
                            headers=retry).expect(422, "idempotency-key-reused")
        self.assertEqual(self.admin.import_csv(people, query={"dry_run": "true"}, headers=retry)["id"], dry["id"])

    def test_retries(self):
        retry = key()
        person = {"first_name": "R", "email": "retry@example.com"}
        first = self.admin.post("/v1/users", person, headers=retry).expect(201)
        again = self.admin.post("/v1/users", person, headers=retry).expect(201)
        self.assertEqual((again.body, again.headers["Idempotency-Replayed"], again.headers["ETag"]),
                         (first.body, "true", first.headers["ETag"]))
        self.assertNotIn("Idempotency-Replayed", first.headers)
        self.admin.post("/v1/users", person | {"last_name": "S"}, headers=retry).expect(422, "idempotency-key-reused")
        # A refusal is not remembered: it is decided anew.
        retry = key()
        self.admin.post("/v1/users", person, headers=retry).expect(409, "email-taken")
        self.admin.patch("/v1/users/" + first.json["id"], {"email": "moved@example.com"}).expect(200)
        self.admin.post("/v1/users", person, headers=retry).expect(201)
        # The same key in another caller's hands is another key.
        operator = self.admin.api_key("admin")
        operator.post("/v1/users", person, headers=retry).expect(409, "email-taken")

    def test_retries_of_answers_with_secrets(self):
        user = self.admin.user()["id"]
        wanted = {"user_ids": [user]}
        self.admin.post("/v1/registration-codes", wanted, headers={"Idempotency-Key": "short"}).expect(400, "invalid-idempotency-key")
        self.admin.post("/v1/users/" + user + "/reset", headers={"Idempotency-Key": "short"}).expect(200)
        self.admin.post("/v1/users/" + user + "/reset", headers={"Idempotency-Key": "with blank"}).expect(400, "invalid-idempotency-key")
        retry = key()
        first = self.admin.post("/v1/registration-codes", wanted, headers=retry).expect(201)
        self.assertEqual(self.admin.post("/v1/registration-codes", wanted, headers=retry).expect(201).body, first.body)
        self.assertEqual(len(self.admin.all("/v1/registration-codes", {"user_id": user})), 1)
        code = first.json["items"][0]
        redeem = key()
        made = self.anybody.redeem(code["code"], headers=redeem).expect(201)
        replay = self.anybody.redeem(code["code"], headers=redeem).expect(201)
        self.assertEqual((replay.body, replay.headers["Idempotency-Replayed"]), (made.body, "true"))
        self.anybody.redeem(code["code"], headers=key()).expect(400, "code-not-redeemable")
        self.admin.post(f"/v1/tokens/{made.json['token_id']}/revoke").expect(200)
        self.anybody.redeem(code["code"], headers=redeem).expect(409, "answer-withdrawn")

    def test_positions(self):
        written = self.admin.post("/v1/users", {"first_name": "P", "email": "position@example.com"}).expect(201)
        position = written.headers["Countersign-Position"]
        seen = self.admin.get("/v1/users/" + written.json["id"], headers={"Countersign-Min-Position": position}).expect(200)
        self.assertEqual(seen.json["email"], "position@example.com")
        for path in ("/v1/users", "/v1/provisioning", "/v1/registration-codes", "/v1/events"):
            self.admin.get(path, headers={"Countersign-Min-Position": position}).expect(200)
            self.admin.get(path, headers={"Countersign-Min-Position": "nonsense"}).expect(400, "invalid-position")
        with Server() as other:
            foreign = other.root().post("/v1/accounts", {"name": "F"}).expect(201).headers["Countersign-Position"]
        self.admin.get("/v1/users", headers={"Countersign-Min-Position": foreign}).expect(400, "invalid-position")
        projections = self.admin.get("/v1/projections").expect(200).json
        self.assertEqual(projections["items"][0]["parked_events"], 0)
        self.assertIn(projections["items"][0]["status"], ("current", "catching-up"))

    def test_a_position_that_is_not_reached(self):
        # Of the same log, but far ahead: the last bytes are the frame's number.
        position = self.admin.post("/v1/users", {"first_name": "Q", "email": "ahead@example.com"}).headers["Countersign-Position"]
        bytes_ = bytearray(base64.urlsafe_b64decode(position + "=" * (-len(position) % 4)))
        bytes_[-5] = 1
        ahead = base64.urlsafe_b64encode(bytes_).decode().rstrip("=")
        began = time.monotonic()
        answer = self.admin.get("/v1/users", headers={"Countersign-Min-Position": ahead}).expect(503, "position-not-reached")
        self.assertGreater(time.monotonic() - began, 4)
        self.assertIn("Retry-After", answer.headers)

    def test_keys(self):
        admin = self.server.account("Keys Inc")
        keys = admin.all("/v1/api-keys")
        self.assertEqual(len(keys), 1)
        admin.delete("/v1/api-keys/" + keys[0]["id"]).expect(409, "last-admin-key")
        gateway = admin.api_key("gateway")
        self.assertEqual(gateway.introspect("x"), {"active": False})
        until(lambda: next(each for each in admin.all("/v1/api-keys") if each["id"] == gateway.key_id)["last_used"], "its use")
        admin.delete("/v1/api-keys/" + gateway.key_id).expect(204)
        gateway.post("/oauth2/introspect", "token=x", type="application/x-www-form-urlencoded").expect(401)
        admin.delete("/v1/api-keys/" + "key_" + "0" * 26).expect(404)
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
        brief = admin.api_key("auditor", expires_at=soon.isoformat())
        brief.get("/v1/users").expect(200)
        until(lambda: brief.get("/v1/users").status == 401, "the key expires", 10)
        admin.post("/v1/api-keys", {"name": "past", "role": "auditor", "expires_at": "2020-01-01T00:00:00Z"}).expect(422)
        for reason in ("key_revoked", "key_expired"):
            until(lambda: admin.events(f'type eq "api_key.refused" and outcome.reason eq "{reason}"'), reason)

    def test_rescue(self):
        admin = self.server.account("Lost Keys Inc")
        path = f"/v1/accounts/{admin.account}/admin-keys"
        rescued = self.server.root().post(path, headers=key()).expect(201).json
        self.assertEqual(rescued["role"], "admin")
        admin.with_key(rescued["key"]).get("/v1/users").expect(200)
        inside = admin.events('type eq "api_key.created" and outcome.reason eq "rescue"')
        self.assertEqual([(event["severity"], event["actor"]["type"]) for event in inside], [("critical", "root")])
        system = self.server.root().get("/v1/events", {"filter": 'type eq "account.rescued"'}).expect(200).json["items"]
        self.assertEqual([(event["severity"], event["subject"]["id"]) for event in system], [("critical", admin.account)])
        self.server.root().post("/v1/accounts/acc_" + "0" * 26 + "/admin-keys").expect(404)

    def test_suspended_account(self):
        admin = self.server.account("Suspended Inc")
        gateway, user = admin.api_key("gateway"), admin.user()["id"]
        used, spare = admin.codes(user, count=2)
        token = self.anybody.redeem(used["code"]).expect(201).json["access_token"]
        root, path = self.server.root(), "/v1/accounts/" + admin.account
        self.assertEqual(root.patch(path, {"status": "suspended"}).expect(200).json["status"], "suspended")
        admin.get("/v1/users").expect(403, "account-suspended")
        gateway.post("/oauth2/introspect", "token=" + token, type="application/x-www-form-urlencoded").expect(403, "account-suspended")
        self.anybody.redeem(spare["code"]).expect(400, "code-not-redeemable")
        root.patch(path, {"status": "active"}).expect(200)
        self.assertTrue(gateway.introspect(token)["active"])
        self.anybody.redeem(spare["code"]).expect(201)
        types = [event["type"] for event in admin.events('type sw "account."', sort="asc")]
        self.assertEqual(types, ["account.created", "account.suspended", "account.resumed"])


class Looking(ServerTest):
    """Events: lists and streams."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account("Looking Inc")
        cls.siem = cls.admin.api_key("siem")
        for number in range(30):
            cls.admin.user(f"seen-{number}@example.com")
        cls.last = cls.admin.events()[0]["sequence"]  # tests make more events beyond

    def test_every_event_says_who_what_and_how(self):
        events = self.admin.events(sort="asc")
        self.assertEqual([event["sequence"] for event in events], list(range(1, len(events) + 1)), "gapless from 1")
        self.assertEqual([event["time"] for event in events], sorted(event["time"] for event in events))
        for event in events:
            self.assertEqual(event["account"], self.admin.account)
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            self.assertEqual(self.siem.get("/v1/events/" + event["id"]).expect(200).json["sequence"], event["sequence"])
        made = next(event for event in events if event["type"] == "user.created")
        self.assertEqual((made["sub_type"], made["action"], made["actor"]["type"], made["client"]["ip"], made["outcome"]["result"]),
                         ("User", "Created", "api_key", "127.0.0.1", "success"))

    def test_filters(self):
        old = f"sequence le {self.last}"

        def found(filter=None, **query):
            return self.siem.all("/v1/events", {"filter": f"{old} and ({filter})" if filter else old} | query)
        everything = found()
        self.assertEqual(len(everything), self.last)
        created = found('type eq "user.created"')
        self.assertEqual(len(created), 30)
        user = created[0]["subject"]["id"]
        self.assertEqual(len(found(f'subject eq "{user}"')), 1)
        self.assertEqual(len(found('not (type eq "user.created")')), self.last - 30)
        self.assertEqual(len(found('type sw "user." and sequence ge 10 and sequence lt 20')), 10)
        self.assertEqual(len(found('type eq "user.created" or type eq "account.created"')), 31)
        self.assertEqual(len(found('actor.type eq "root"')), len([e for e in everything if e["actor"]["type"] == "root"]))
        self.assertEqual(found('outcome eq "failure"'), [])
        self.assertEqual(found("session_id pr"), [])
        middle = created[15]["time"]
        self.assertEqual(len(found(since=middle)) + len(found(until=middle)), self.last)
        self.assertEqual(found(f'time ge "{middle}"'), found(since=middle))
        for wrong in ("type", "type eq", 'type xx "a"', "(type pr", 'nothing eq "a"', '"', "(" * 40 + "type pr" + ")" * 40):
            self.siem.get("/v1/events", {"filter": wrong}).expect(400, "invalid-filter")
        for wrong in ({"since": "yesterday"}, {"sort": "up"}, {"page": "1"}):
            self.siem.get("/v1/events", wrong).expect(400, "invalid-parameter")
        self.siem.get("/v1/events", {"account": "acc_system"}).expect(404)
        self.assertIn("server.started", [e["type"] for e in self.server.root().get("/v1/events").expect(200).json["items"]])

    def test_a_user_agent_of_any_bytes(self):
        user = self.admin.user()["id"]
        for sent, shown in ((b"T\xe9l\xe9phone/1.0", "T\ufffdl\ufffdphone/1.0"), ("\u65e5\u672c/1".encode(), "\u65e5\u672c/1"),
                            (b"x" * 254 + "\u65e5\u672c".encode(), "x" * 254)):
            [code] = self.admin.codes(user)
            made = self.server.client().redeem(code["code"], headers={"User-Agent": sent}).expect(201).json
            self.assertEqual(self.admin.get("/v1/sessions/" + made["session_id"]).expect(200).json["user_agent"], shown)
            [event] = self.admin.events(f'type eq "device.activated" and target eq "{made["device_id"]}"')
            self.assertEqual(event["client"]["user_agent"], shown)
        self.server.client("x").get("/v1/users", headers={"User-Agent": b"\xff\xfe"}).expect(401)
        self.assertEqual(self.server.root().get("/v1/events").expect(200).status, 200)

    def test_pages(self):
        query = {"filter": f'type eq "user.created" and sequence le {self.last}', "limit": "7"}
        seen, page = [], self.siem.get("/v1/events", query).expect(200).json
        first = page
        while True:
            seen += [event["sequence"] for event in page["items"]]
            if not page["has_more"]:
                break
            page = self.siem.get("/v1/events", query | {"after": page["next"]}).expect(200).json
        self.assertEqual(seen, sorted(seen, reverse=True))
        self.assertEqual(len(seen), 30)
        for other in ({"filter": 'type eq "user.updated"'}, {"sort": "asc"}, {"since": "2020-01-01T00:00:00Z"}):
            self.siem.get("/v1/events", query | other | {"after": first["next"]}).expect(400, "invalid-parameter")
        self.siem.get("/v1/events", query | {"after": first["next"], "limit": "3"}).expect(200)
        self.admin.get("/v1/users", {"after": first["next"]}).expect(400)

    def stream(self, accept, query="", headers=None, siem=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events/stream" + query,
                           headers={"Authorization": "Bearer " + (siem or self.siem).key, "Accept": accept} | (headers or {}))
        response = connection.getresponse()
        response.connection = connection
        self.assertEqual(response.status, 200, response.headers)
        self.assertTrue(response.headers["Content-Type"].startswith(accept))
        return response

    @staticmethod
    def lines(response, wanted):
        """Events as NDJSON until the predicate holds for one."""
        while True:
            line = response.readline()
            if not line:
                raise AssertionError("the stream has ended")
            event = json.loads(line)
            yield event
            if wanted(event):
                return

    @staticmethod
    def messages(response, count):
        """(id, type, event) of server-sent events."""
        found, fields = [], {}
        while len(found) < count:
            line = response.readline().decode().rstrip("\n")
            if line.startswith(":") or (not line and not fields):
                continue
            if not line:
                found.append((fields["id"], fields["event"], json.loads(fields["data"])))
                fields = {}
                continue
            name, _, value = line.partition(": ")
            fields[name] = value
        return found

    def test_stream_as_ndjson_resumes_by_after(self):
        response = self.stream("application/x-ndjson")
        seen = list(self.lines(response, lambda event: event["type"] == "stream.started"))
        self.assertEqual([event["sequence"] for event in seen], list(range(1, len(seen) + 1)), "from the first event on")
        new = self.admin.user()["id"]
        more = list(self.lines(response, lambda event: event["subject"] and event["subject"]["id"] == new))
        self.assertEqual(more[-1]["type"], "user.created", "and then what happens")
        response.close()
        resumed = self.stream("application/x-ndjson", "?after=" + seen[9]["cursor"])
        again = next(iter(self.lines(resumed, lambda event: True)))
        self.assertEqual((again["id"], again["sequence"]), (seen[10]["id"], 11))

    def test_stream_as_sse_resumes_by_last_event_id(self):
        first = self.messages(self.stream("text/event-stream"), 12)
        self.assertEqual([event["sequence"] for _, _, event in first], list(range(1, 13)))
        self.assertTrue(all(type == event["type"] for _, type, event in first))
        rest = self.messages(self.stream("text/event-stream", headers={"Last-Event-ID": first[6][0]}), 5)
        self.assertEqual([event["sequence"] for _, _, event in rest], list(range(8, 13)))
        self.assertEqual(rest[0][0], first[7][0], "a cursor is always the same")

    def test_stream_from_now_with_a_filter(self):
        response = self.stream("application/x-ndjson", "?after=latest&filter=type%20sw%20%22user.%22")
        for number in range(3):
            user = self.admin.user()["id"]
            self.admin.post(f"/v1/users/{user}/disable").expect(200)
            got = list(self.lines(response, lambda event: event["type"] == "user.disabled"))
            self.assertEqual([(event["type"], event["subject"]["id"]) for event in got],
                             [("user.created", user), ("user.disabled", user)])

    def test_stream_refuses_what_it_does_not_understand(self):
        for query in ({"after": "x"}, {"format": "xml"}, {"nothing": "1"}):
            self.siem.get("/v1/events/stream", query).expect(400, "invalid-parameter")
        self.siem.get("/v1/events/stream", {"filter": "type"}).expect(400, "invalid-filter")

    def test_streams_leave_events(self):
        admin = self.server.account("Streams Inc")  # where no other test's stream ends
        siem = admin.api_key("siem")
        response = self.stream("application/x-ndjson", "?after=latest", siem=siem)
        started = until(lambda: admin.events('type eq "stream.started"'), "stream.started")
        self.assertEqual(admin.events('type eq "stream.ended"'), [])
        response.connection.close()
        ended = until(lambda: admin.events('type eq "stream.ended"'), "stream.ended")
        self.assertEqual([event["actor"]["id"] for event in started + ended], [siem.key_id] * 2)

    def test_a_revoked_key_reads_no_further(self):
        ended = threading.Event()

        def write_on(admin):
            while not ended.is_set():
                admin.user()

        writers = [threading.Thread(target=write_on, args=(self.admin.with_key(self.admin.key),)) for _ in range(4)]
        for writer in writers:
            writer.start()
            self.addCleanup(writer.join)
        self.addCleanup(ended.set)
        for _ in range(150):  # the two are seldom read together
            brief = self.admin.api_key("siem")
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            self.addCleanup(connection.close)
            connection.request("GET", "/v1/events/stream?after=latest",
                               headers={"Authorization": "Bearer " + brief.key, "Accept": "application/x-ndjson"})
            response = connection.getresponse()
            self.admin.delete("/v1/api-keys/" + brief.key_id).expect(204)
            read = [json.loads(line) for line in response.read().splitlines()]
            revoked = [event["type"] == "api_key.revoked" and event["subject"]["id"] == brief.key_id for event in read]
            self.assertNotIn(True, revoked[:-1], "nothing stands behind the revocation")


class Restart(unittest.TestCase):
    def test_everything_is_kept(self):
        with Server() as server:
            admin = server.account("Restart Inc")
            gateway = admin.api_key("gateway")
            user = admin.user("kept@example.com")["id"]
            used, spare = admin.codes(user, count=2)
            retry = key()
            made = server.client().redeem(used["code"], headers=retry).expect(201)
            admin.import_csv("email,first_name\nanother@example.com,A\nbroken,B\n")
            admin.patch("/v1/provisioning", {"code_validity": {"value": 3, "unit": "days"}}).expect(200)
            lists = ("/v1/users", "/v1/registration-codes", "/v1/devices", "/v1/tokens", "/v1/sessions")
            before = [admin.all(path) for path in lists] + [admin.get("/v1/provisioning").json]
            operation = admin.events('type eq "operation.started"')[0]["target"]
            events = admin.events(sort="asc")
            root = server.root_key
            self.assertEqual(server.stop(), 0, "SIGTERM drains and ends with 0")
            server.start()
            self.assertEqual([admin.all(path) for path in lists] + [admin.get("/v1/provisioning").json], before)
            self.assertEqual(admin.events(sort="asc")[:len(events)], events)
            self.assertTrue(gateway.introspect(made.json["access_token"])["active"])
            self.assertEqual(admin.get("/v1/operations/" + operation["id"]).expect(200).json["status"], "done")
            self.assertEqual(server.client().redeem(used["code"], headers=retry).expect(201).body, made.body,
                             "a retry after the restart gets the first answer")
            server.client().redeem(spare["code"]).expect(201)
            self.assertEqual(server.root_key, root)
            types = [event["type"] for event in server.root().get("/v1/events").json["items"]]
            self.assertEqual(types.count("server.started"), 2)
            self.assertEqual(types.count("server.stopped"), 1)
            server.restart(["--new-root-key"])
            self.assertNotEqual(server.root_key, root)
            server.client(root).get("/v1/accounts").expect(401)
            server.root().get("/v1/accounts").expect(200)

    def test_views_are_built_again(self):
        with Server() as server:
            admin = server.account("Views Inc")
            users = [admin.user() for _ in range(20)]
            codes = admin.codes(*(user["id"] for user in users))
            for code in codes[:10]:
                server.client().redeem(code["code"]).expect(201)
            lists = ("/v1/users", "/v1/registration-codes", "/v1/devices", "/v1/tokens", "/v1/sessions", "/v1/events")
            before = [without_reads(admin.all(path)) for path in lists]
            server.stop()
            shutil.rmtree(server.data / "views")
            server.start()
            self.assertEqual([without_reads(admin.all(path)) for path in lists], before)

    def test_server_pages(self):
        with Server() as server:
            anybody = server.client()
            self.assertEqual(anybody.get("/healthz").expect(200).json, {"status": "alive"})
            self.assertEqual(anybody.get("/readyz").expect(200).json, {"status": "ready"})
            self.assertIn("openapi: 3.1.0", anybody.get("/openapi.yaml").expect(200).text)
            admin = server.account("Metrics Inc")
            user = admin.user("metrics@example.com")
            [code] = admin.codes(user["id"])
            token = anybody.redeem(code["code"]).expect(201).json["access_token"]
            metrics = anybody.get("/metrics").expect(200).text
            self.assertRegex(metrics, r'countersign_http_requests_total\{operation="redeem_code",status="201"\} 1')
            said = server.said()
            for secret in (code["code"], token, admin.key, server.root_key, "metrics@example.com"):
                self.assertNotIn(secret, metrics)
                self.assertNotIn(secret, said)


class Logging(unittest.TestCase):
    def test_json_lines_without_secrets(self):
        with Server({"LOG_FORMAT": "json", "LOG_LEVEL": "debug"}) as server:
            admin = server.account("Logging Inc")
            user = admin.user("logged@example.com")
            [code] = admin.codes(user["id"])
            made = server.client().redeem(code["code"]).expect(201).json
            refused = server.client().redeem(code["code"]).expect(400).json
            server.client().get("/v1/users?q=%1b%5b31m").expect(401)
            server.stop()
            lines = [json.loads(line) for line in server.said().splitlines()]
            self.assertIn(refused["reference"], [line.get("reference") for line in lines])
            said = server.said()
            for secret in (code["code"], made["access_token"], admin.key, server.root_key, "logged@example.com", "\x1b"):
                self.assertNotIn(secret, said)


if __name__ == "__main__":
    main()
