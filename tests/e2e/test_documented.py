"""What docs/api/openapi.yaml and docs/events.md promise about answers and events, beyond what test_contract.py holds."""
import http.client
import json
import re
import threading
import time
import urllib.parse

from support import NO_LIMITS, ServerTest, main, replay, until


class Documented(ServerTest):
    settings = NO_LIMITS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account("Documented Inc")
        cls.siem = cls.admin.api_key("siem")
        cls.anybody = cls.server.client()

    def activated(self, **user):
        user = self.admin.user(**user)["id"]
        [code] = self.admin.codes(user)
        return user, code, self.anybody.redeem(code["code"]).expect(201).json

    # Headers

    def test_one_thing_that_is_read_comes_with_its_position(self):
        user, code, made = self.activated()
        event = self.admin.events(f'subject eq "{user}"')[0]["id"]
        for path in ("/v1/users/" + user, "/v1/registration-codes/" + code["id"], "/v1/devices/" + made["device_id"],
                     "/v1/tokens/" + made["token_id"], "/v1/sessions/" + made["session_id"], "/v1/events/" + event,
                     "/v1/provisioning", "/v1/projections"):
            position = self.admin.get(path).expect(200).headers.get("Countersign-Position")
            self.assertTrue(position, path)
            self.admin.get(path, headers={"Countersign-Min-Position": position}).expect(200)
        answer = self.admin.post("/v1/registration-codes/lookup", {"code": code["code"]}).expect(200)
        self.assertTrue(answer.headers.get("Countersign-Position"))
        self.assertIsNone(self.admin.get("/v1/users/x").expect(404).headers.get("Countersign-Position"))

    def test_a_revoked_device_comes_with_its_version(self):
        device = "/v1/devices/" + self.activated()[2]["device_id"]
        answer = self.admin.post(device + "/revoke").expect(200)
        self.assertEqual(answer.headers["ETag"], f'"v{answer.json["version"]}"')
        self.assertEqual(self.admin.get(device).headers["ETag"], answer.headers["ETag"])

    def test_a_code_that_was_revoked_after_its_use_keeps_when_it_was_used(self):
        _, code, made = self.activated()
        path = "/v1/registration-codes/" + code["id"]
        used = self.admin.get(path).json
        revoked = self.admin.post(path + "/revoke").expect(200).json
        self.assertEqual((revoked["status"], revoked["used_at"], revoked["device_id"]), ("revoked", used["used_at"], made["device_id"]))
        self.assertEqual(self.admin.get(path).json["used_at"], used["used_at"])

    # Questions

    def test_the_help_desk_gets_the_hint_too(self):
        for call in (lambda body: self.admin.post("/v1/registration-codes/lookup", body),
                     lambda body: self.anybody.post("/v1/redeem", body)):
            answer = call({"code": "O000-1111-LLLL"}).expect(400, "code-malformed").json
            self.assertIn("0, O, 1, I or L", answer["hint"])

    def test_what_is_no_users_id_is_no_filter(self):
        for path in ("/v1/registration-codes", "/v1/devices", "/v1/tokens", "/v1/sessions", "/v1/registration-codes.csv"):
            answer = self.admin.get(path, {"user_id": "nobody"}).expect(400, "invalid-parameter").json
            self.assertEqual(answer["errors"][0]["pointer"], "/user_id")
        for path in ("/v1/registration-codes", "/v1/devices", "/v1/tokens", "/v1/sessions"):
            self.assertEqual(self.admin.all(path, {"user_id": "usr_" + "0" * 26}), [])

    def test_a_field_that_is_not_there_is_named_once(self):
        device = "/v1/devices/" + self.activated()[2]["device_id"]
        for call, field in ((lambda: self.admin.post("/v1/users", {"last_name": "A", "email": None}), "/email"),
                            (lambda: self.admin.patch(device, {}), "/name"), (lambda: self.admin.patch(device, {"name": 5}), "/name"),
                            (lambda: self.admin.post("/v1/api-keys", {"name": 5, "role": "siem"}), "/name"),
                            (lambda: self.admin.post("/v1/users", "[]", type="application/json"), "")):
            errors = call().expect(400, "malformed-fields").json["errors"]
            self.assertEqual([error["pointer"] for error in errors], [field])

    def test_people_are_found_without_regard_to_case_in_any_script(self):
        made = self.admin.user(first_name="\u00c9mile", last_name="STRA\u00dfE", email="\u00c9mile.\u0414@x.example")
        self.assertEqual(made["email"], "\u00e9mile.\u0434@x.example", "an address is kept in lower case")
        self.admin.post("/v1/users", {"last_name": "B", "email": "\u00e9MILE.\u0434@x.example"}).expect(409, "email-taken")
        for q in ("\u00e9mile", "e\u0301MILE", "strasse", "\u0414@x"):
            self.assertEqual([user["id"] for user in self.admin.all("/v1/users", {"q": q})], [made["id"]], q)
        self.assertEqual([user["id"] for user in self.admin.all("/v1/users", {"email": "\u00c9mile.\u0434@X.example"})], [made["id"]])

    # Events

    def test_a_refused_key_is_named_while_there_is_such_a_key(self):
        admin = self.server.account("Refused By Name Inc")
        gateway, auditor = admin.api_key("gateway"), admin.api_key("auditor")
        for _ in range(3):
            gateway.get("/v1/users").expect(403)
            auditor.post("/v1/users", {}).expect(403)

        def both():
            events = admin.events('type eq "api_key.refused"', sort="asc")
            return events if len(events) == 2 else None
        refused = until(both, "both keys' refusals")
        self.assertEqual([(e["actor"]["id"], e["target"]["id"], e["target"]["display"], e["details"]["count"]) for e in refused],
                         [(key.key_id, key.key_id, role, 1) for key, role in ((gateway, "gateway"), (auditor, "auditor"))])
        admin.delete("/v1/api-keys/" + gateway.key_id).expect(204)
        gateway.post("/oauth2/introspect", "token=x", type="application/x-www-form-urlencoded").expect(401)
        [event] = until(lambda: admin.events('outcome.reason eq "key_revoked"'), "key_revoked")
        self.assertEqual((event["actor"]["type"], event["subject"]["id"]), ("source", gateway.key_id))

    def test_a_validity_of_nothing_is_out_of_range(self):
        for value in (0, 8):
            self.admin.patch("/v1/provisioning", {"code_validity": {"value": value, "unit": "days"}}).expect(422, "validity-out-of-range")

    def test_events_say_what_changed(self):
        admin = self.server.account("Details Inc")
        admin.patch("/v1/provisioning", {"code_validity": {"value": 2, "unit": "days"}, "access_token_validity": 3600}).expect(200)
        user = admin.user()["id"]
        [code] = admin.codes(user)
        made = self.anybody.redeem(code["code"], name="Ada's phone").expect(201).json
        details = {event["type"]: event["details"] for event in admin.events()}
        self.assertEqual(details["provisioning.changed"], admin.get("/v1/provisioning").json)
        self.assertEqual(details["registration_code.generated"]["expires_at"], code["expires_at"])
        self.assertEqual(details["registration_code.used"], {"device_id": made["device_id"], "token_id": made["token_id"]})
        self.assertEqual(details["device.activated"]["registration_code_id"], code["id"])
        self.assertEqual(details["device.activated"]["name"], "Ada's phone")
        self.assertEqual(details["token.issued"]["expires_at"], made["expires_at"])
        self.assertEqual(details["user.created"], {"mfa_configured": False})
        [activated] = admin.events('type eq "device.activated"')
        self.assertEqual(activated["target"]["display"], "Ada's phone")
        self.assertNotIn(code["code"], json.dumps(details))

    def test_events_are_found_by_words(self):
        admin = self.server.account("Words Inc")
        ada = admin.user(first_name="Ada", last_name="L\u00d6velace")["id"]
        admin.user(first_name="Grace", last_name="Hopper")

        def found(q, **query):
            return [event["type"] for event in admin.all("/v1/events", {"q": q} | query)]
        self.assertEqual(found("ada l\u00f6ve"), ["user.created"])
        self.assertEqual(found(ada), ["user.created"])
        self.assertEqual(found("ACCOUNT.created"), ["account.created"])
        self.assertEqual(found("user.", filter=f'subject eq "{ada}"'), ["user.created"])
        self.assertEqual(found("127.0.0.1", limit="1"), [event["type"] for event in admin.all("/v1/events")])
        self.assertEqual(found("nothing of this"), [])
        self.siem.get("/v1/events", {"q": "x" * 201}).expect(400, "invalid-parameter")
        first = admin.get("/v1/events", {"q": "created", "limit": "1"}).expect(200).json
        admin.get("/v1/events", {"q": "create", "limit": "1", "after": first["next"]}).expect(400, "invalid-parameter")

    # The stream

    def test_a_streams_cursor_is_good_for_its_filter_only(self):
        with self.stream() as response:
            cursor = json.loads(response.readline())["cursor"]
        other = urllib.parse.quote('type eq "user.created"')
        for query in (f"after={cursor}&filter={other}", f"after={cursor}&after={cursor}", "format=native&format=native"):
            self.assertEqual(json.loads(self.stream(query, 400).read())["code"], "invalid-parameter", query)
        answer = self.stream("", 400, {"Countersign-Min-Position": "nonsense"})
        self.assertEqual(json.loads(answer.read())["code"], "invalid-position")
        with self.stream(f"after={cursor}") as response:
            self.assertEqual(json.loads(response.readline())["sequence"], 2)

    def stream(self, query="", status=200, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        connection.request("GET", "/v1/events/stream?" + query,
                           headers={"Authorization": "Bearer " + self.siem.key, "Accept": "application/x-ndjson"} | (headers or {}))
        response = connection.getresponse()
        self.assertEqual(response.status, status, query)
        self.addCleanup(connection.close)
        return response

    def test_a_stream_is_never_late(self):
        """What lands while the stream looks must wake it, not wait for the next frame or heartbeat."""
        user = "/v1/users/" + self.admin.user()["id"]
        response = self.stream("after=latest&filter=" + urllib.parse.quote('type eq "user.updated"'))
        seen = threading.Semaphore(0)

        def read():
            try:
                while response.readline():
                    seen.release()
            except (OSError, ValueError, AttributeError):
                pass  # the test is over and has closed the connection
        threading.Thread(target=read, daemon=True).start()
        clients = [self.admin.with_key(self.admin.key) for _ in range(2)]
        for turn in range(100):
            for client in clients:
                client.patch(user, {"last_name": f"{turn} {id(client)}"}).expect(200)
            for _ in clients:
                self.assertTrue(seen.acquire(timeout=12), f"event of turn {turn} is late")

    # The command line

    def test_every_option_of_the_command_line_says_what_it_is(self):
        commands, undescribed = [()], []
        while commands:
            command = commands.pop()
            lines = self.countersign(*command, "--help").splitlines()
            for line, following in zip(lines, lines[1:] + [""]):
                if re.fullmatch(r"  -\S.*?", line) and not re.search(r"\S {2,}\S|\[\S+ [^\]]+$", line) and not re.match(r" {20,}\S", following):
                    undescribed.append(" ".join(command) + line)
            if "Subcommands:" in lines:
                named = [re.match(r"  ([a-z-]+) ", line) for line in lines[lines.index("Subcommands:") + 1:]]
                for name in named[:named.index(None)]:
                    commands.append((*command, name[1]))
        self.assertEqual(undescribed, [])

    def test_the_whole_policy_can_be_set(self):
        self.countersign("policy", "set", "--max-authenticators", "totp=2", "hotp=1", "--session-lifetime", "3600", "--send-to-created", "false")
        policy = self.admin.get("/v1/provisioning").json
        self.assertEqual((policy["max_authenticators"], policy["session_lifetime"]), ({"totp": 2, "hotp": 1}, 3600))
        self.countersign("policy", "set", "--allow-types", "totp", "--type-names", "totp=Authenticator app", "hotp=Ring token", "--mfa-exempt", "hotp")
        policy = self.admin.get("/v1/provisioning").json
        self.assertEqual((policy["allowed_authenticators"], policy["mfa_exempt_authenticators"]), (["totp"], ["hotp"]))
        self.assertEqual(policy["authenticator_type_names"], {"totp": "Authenticator app", "hotp": "Ring token"})
        self.countersign("policy", "set", "--type-names", "totp", status=2)
        self.countersign("policy", "set", "--type-names", "carrier-pigeon=Bird", status=1)
        self.countersign("policy", "set", "--allow-types", "none", "--type-names", "none", "--mfa-exempt", "none")
        policy = self.admin.get("/v1/provisioning").json
        self.assertEqual((policy["allowed_authenticators"], policy["authenticator_type_names"], policy["mfa_exempt_authenticators"]), ([], {}, []))
        self.countersign("policy", "set", "--max-authenticators", "none", "--session-lifetime", "0")
        self.assertEqual(self.admin.get("/v1/provisioning").json["max_authenticators"], {})
        self.countersign("policy", "set", "--max-authenticators", "totp", status=2)
        self.countersign("policy", "set", "--send-to-created", "true", status=1)

    def test_lists_and_single_things(self):
        user, code, made = self.activated(first_name="Zaphod")
        self.assertIn("Zaphod", self.countersign("events", "list", "zaphod"))
        self.assertIn(made["token_id"], self.countersign("tokens", "list", "--user", user, "--status", "active"))
        self.assertNotIn(made["token_id"], self.countersign("tokens", "list", "--user", user, "--status", "revoked"))
        self.assertIn("used", self.countersign("codes", "show", code["id"]))
        self.assertIn(made["device_id"], self.countersign("sessions", "show", made["session_id"]))

    # Replay

    def test_replay_calls_an_enabled_user_active_as_the_api_does(self):
        user = self.admin.user()
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
        out = replay("state", "--data-dir", str(self.server.data), "--account", self.admin.account, "--at", now,
                                "--user", user["id"])
        self.assertEqual(json.loads(out)["users"][0]["status"], user["status"])


if __name__ == "__main__":
    main()
