#!/usr/bin/env python3
"""Corners of the HTTP contract (docs/api/openapi.yaml), against the real countersignd."""
import base64
import concurrent.futures
import http.client
import json
import subprocess
import time
import unittest

from support import NO_LIMITS, REPLAY, ServerTest, key, main, until

PUBLIC_KEY = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n"  # RFC 8037, appendix A
FORM = "application/x-www-form-urlencoded"


class Contract(ServerTest):
    settings = NO_LIMITS | {"TRUSTED_PROXIES": "127.0.0.1/32"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account("Contract Inc")
        cls.gateway = cls.admin.api_key("gateway")
        cls.anybody = cls.server.client()

    def activated(self, **device):
        user = self.admin.user()["id"]
        [code] = self.admin.codes(user)
        body = {"code": code["code"], "device": {"name": "phone", "platform": "ios"} | device}
        return user, code, self.anybody.post("/v1/redeem", body).expect(201).json

    def ahead(self):
        """A position of this log that is far ahead: its last bytes are the frame's number."""
        position = self.admin.patch("/v1/users/" + self.admin.user()["id"], {"last_name": "P"}).headers["Countersign-Position"]
        bytes_ = bytearray(base64.urlsafe_b64decode(position + "=" * (-len(position) % 4)))
        bytes_[-5] = 1
        return position, base64.urlsafe_b64encode(bytes_).decode().rstrip("=")

    # Reads

    def test_every_read_honours_a_position(self):
        user, code, made = self.activated()
        event = self.admin.events(f'subject eq "{user}"')[0]["id"]
        operation = self.admin.post("/v1/registration-codes/generate-for-new-users").expect(202).json["operation_id"]
        reached, ahead = self.ahead()

        def look_up(**options):
            return self.admin.post("/v1/registration-codes/lookup", {"code": code["code"]}, **options)

        def introspect(**options):
            return self.gateway.post("/oauth2/introspect", "token=" + made["access_token"], type=FORM, **options)
        calls = [look_up, introspect]
        for path in ("/v1/users/" + user, "/v1/events/" + event, "/v1/operations/" + operation, "/v1/registration-codes.csv",
                     "/v1/registration-codes/" + code["id"], "/v1/devices/" + made["device_id"], "/v1/provisioning",
                     "/v1/api-keys", "/v1/tokens/" + made["token_id"], "/v1/sessions/" + made["session_id"]):
            calls.append(lambda path=path, **options: self.admin.with_key(self.admin.key).get(path, **options))
        for call in calls:
            call(headers={"Countersign-Min-Position": reached}).expect(200)
            call(headers={"Countersign-Min-Position": "nonsense"}).expect(400, "invalid-position")
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            began = time.monotonic()
            for answer in pool.map(lambda call: call(headers={"Countersign-Min-Position": ahead}), calls[1:]):
                answer.expect(503, "position-not-reached")
            self.assertGreater(time.monotonic() - began, 4)

    def test_unknown_query_parameters_are_refused(self):
        user = self.admin.user()["id"]
        for path in ("/v1/registration-codes.csv?limit=5", "/v1/registration-codes.csv?after=x", f"/v1/users/{user}?x=1",
                     "/v1/provisioning?limit=1", "/v1/projections?x", "/v1/users?limit=1&limit=2"):
            self.admin.get(path).expect(400, "invalid-parameter")
        self.admin.post("/v1/users/import?limit=5", "email\n", type="text/csv").expect(400, "invalid-parameter")
        self.admin.post(f"/v1/users/{user}/disable?now=1").expect(400, "invalid-parameter")
        self.assertEqual(self.admin.get("/v1/users/" + user).json["status"], "active")

    def test_cursors_belong_to_their_account_and_query(self):
        other = self.server.account("Cursor Inc")
        for client in (self.admin, other):
            for _ in range(3):
                client.user(mfa_configured=True)
        page = self.admin.get("/v1/users?status=active&mfa=true&limit=2").expect(200).json
        for query in ("status=active&mfa=true&limit=2", "mfa=true&limit=1&status=active"):
            self.assertEqual(len(self.admin.get(f"/v1/users?{query}&after={page['next']}").expect(200).json["items"]), 1)
        for query in ("status=active&limit=2", "mfa=false&status=active", ""):
            self.admin.get(f"/v1/users?{query}&after={page['next']}").expect(400, "invalid-parameter")
        other.get(f"/v1/users?status=active&mfa=true&after={page['next']}").expect(400, "invalid-parameter")
        forged = bytearray(base64.urlsafe_b64decode(page["next"] + "=" * (-len(page["next"]) % 4)))
        forged[-1] ^= 1
        forged = base64.urlsafe_b64encode(forged).decode().rstrip("=")
        self.admin.get(f"/v1/users?status=active&mfa=true&after={forged}").expect(400, "invalid-parameter")

    def test_tokens_by_their_status(self):
        admin = self.server.account("Token Inc")
        admin.patch("/v1/provisioning", {"access_token_validity": 60}).expect(200)
        user = admin.user()["id"]
        kept, ended = [self.anybody.redeem(code["code"]).expect(201).json["token_id"] for code in admin.codes(user, count=2)]
        admin.post(f"/v1/tokens/{ended}/revoke").expect(200)

        def ids(status):
            return [token["id"] for token in admin.get("/v1/tokens", {"status": status}).expect(200).json["items"]]
        self.assertEqual((ids("active"), ids("revoked"), ids("expired")), ([kept], [ended], []))
        admin.get("/v1/tokens", {"status": "ended"}).expect(400, "invalid-parameter")

    def test_codes_in_clear_and_blocked(self):
        user = self.admin.user()["id"]
        opened, reserved, used = self.admin.codes(user, count=3)
        self.anybody.post("/v1/redeem", {"code": reserved["code"]}).expect(201)
        self.anybody.redeem(used["code"]).expect(201)

        def shown(code):
            return self.admin.get("/v1/registration-codes/" + code["id"]).expect(200).json
        self.assertEqual(shown(opened)["code"], opened["code"])
        self.assertNotIn("code", shown(reserved))
        self.assertNotIn("code", shown(used))
        self.admin.post(f"/v1/users/{user}/disable").expect(200)
        self.assertEqual([shown(code)["blocked"] for code in (opened, reserved, used)], [True, True, False])
        self.assertFalse(self.admin.post("/v1/registration-codes/lookup", {"code": used["code"]}).json["blocked"])

    def test_projections_lag(self):
        item = self.admin.get("/v1/projections").expect(200).json["items"][0]
        self.assertNotIn("lag_frames", item)
        self.assertGreaterEqual(item["lag_events"], 0)
        if item["status"] == "current":
            self.assertEqual((item["lag_events"], item["lag_seconds"]), (0, 0))

    def test_ignored_records_are_counted_by_reason(self):
        metrics = self.anybody.get("/metrics").expect(200).text
        for reason in ("damaged", "forged", "stale_claim", "wrong_head"):
            self.assertIn(f'countersign_ignored_records_total{{reason="{reason}"}} 0', metrics)

    # Writes

    def test_bodies_that_nobody_needs_are_read_nevertheless(self):
        user, code, made = self.activated()
        account = self.server.account("Bodies Inc").account
        for client, path in ((self.admin, f"/v1/users/{user}/disable"), (self.admin, f"/v1/users/{user}/enable"),
                             (self.admin, f"/v1/users/{user}/reset"), (self.admin, f"/v1/registration-codes/{code['id']}/revoke"),
                             (self.admin, f"/v1/devices/{made['device_id']}/revoke"), (self.admin, f"/v1/tokens/{made['token_id']}/revoke"),
                             (self.admin, "/v1/registration-codes/generate-for-new-users"),
                             (self.server.root(), f"/v1/accounts/{account}/admin-keys")):
            before = self.admin.events('type ne "operation.finished"')
            client.post(path, "{broken", type="application/json").expect(400, "malformed-json")
            client.post(path, {"force": True}).expect(400, "malformed-fields")
            client.post(path, "[]", type="application/json").expect(400)
            self.assertEqual(self.admin.events('type ne "operation.finished"'), before, path)
            for answer in (client.post(path, {}), client.post(path)):
                self.assertIn(answer.status, (200, 201, 202), path)
                if answer.status == 202:  # what goes on behind the answer must not show up beside the next path
                    client.operation(answer.json["operation_id"])

    def test_resets_of_any_size(self):
        admin = self.server.account("Resets Inc")
        admin.import_csv("email,first_name\n" + "".join(f"reset-{n}@example.com,R\n" for n in range(260)))
        users = [user["id"] for user in admin.all("/v1/users", {"q": "reset-"})]
        self.assertEqual(len(users), 260)
        for code in admin.codes(*users):
            self.anybody.redeem(code["code"]).expect(201)
        unknown = {"user_ids": users + ["usr_" + "0" * 26]}
        admin.post("/v1/users/reset", unknown).expect(404)
        self.assertEqual(admin.all("/v1/registration-codes", {"status": "revoked", "user_id": users[0]}), [], "all or nothing")
        retry = key()
        first = admin.post("/v1/users/reset", {"user_ids": users}, headers=retry).expect(200)
        self.assertEqual(first.json, {"codes_revoked": 260})
        again = admin.post("/v1/users/reset", {"user_ids": users}, headers=retry).expect(200)
        self.assertEqual((again.body, again.headers["Idempotency-Replayed"]), (first.body, "true"))
        self.assertEqual(admin.get("/v1/devices?status=active&user_id=" + users[0]).json["items"], [])
        self.assertEqual(len(admin.events('type eq "user.reset"')), len(set(users)))
        # A user who fills more than a command alone.
        user = admin.user()["id"]
        for code in admin.codes(user, count=200):
            self.anybody.redeem(code["code"]).expect(201)
        admin.codes(user, count=200)
        self.assertEqual(admin.post(f"/v1/users/{user}/reset", headers=key()).expect(200).json, {"codes_revoked": 400})
        self.assertEqual(len(admin.events(f'type eq "user.reset" and subject eq "{user}"')), 1)
        self.assertEqual(admin.post(f"/v1/users/{user}/reset").expect(200).json, {"codes_revoked": 0})

    def test_concurrent_changes_of_the_policy_are_all_kept(self):
        admin = self.server.account("Policies Inc")
        for number in range(10):
            wanted = [{"access_token_validity": 100 + number}, {"session_lifetime": 200 + number},
                      {"code_validity": {"value": 1 + number, "unit": "hours"}}, {"max_authenticators": {"totp": number}}]
            clients = [admin.with_key(admin.key) for _ in wanted]
            with concurrent.futures.ThreadPoolExecutor(len(wanted)) as pool:
                for answer in pool.map(lambda pair: pair[0].patch("/v1/provisioning", pair[1]), zip(clients, wanted)):
                    answer.expect(200)
            policy = admin.get("/v1/provisioning").json
            for change in wanted:
                self.assertEqual(policy | change, policy, "none was lost")

    def test_renaming_a_device_to_its_name_changes_nothing(self):
        _, _, made = self.activated()
        path = "/v1/devices/" + made["device_id"]
        tag, events = self.admin.get(path).headers["ETag"], len(self.admin.events())
        same = self.admin.patch(path, {"name": " phone "}).expect(200)
        self.assertEqual((same.headers["ETag"], len(self.admin.events())), (tag, events))
        self.assertNotEqual(self.admin.patch(path, {"name": "other"}).expect(200).headers["ETag"], tag)

    def test_renames_at_the_same_time_all_succeed(self):
        _, _, made = self.activated()
        clients = [self.admin.with_key(self.admin.key) for _ in range(4)]

        def rename(number):
            for again in range(10):
                clients[number].patch("/v1/devices/" + made["device_id"], {"name": f"n{number}-{again}"}).expect(200)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(rename, range(4)))

    # Secrets and keys

    def test_a_refused_key_is_told_the_scheme(self):
        for client in (self.anybody, self.server.client("cskey_x")):
            self.assertEqual(client.get("/v1/users").expect(401, "unauthorized").headers["WWW-Authenticate"], "Bearer")
        self.assertNotIn("WWW-Authenticate", self.gateway.get("/v1/users").expect(403, "forbidden").headers)

    def test_tokens_are_bound_to_the_key_that_their_device_names(self):
        _, _, made = self.activated(public_key=PUBLIC_KEY)
        seen = self.gateway.introspect(made["access_token"])
        self.assertEqual(seen["cnf"], {"jkt": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"})
        self.assertNotIn("cnf", self.gateway.introspect(self.activated()[2]["access_token"]))
        self.assertNotIn("cnf", self.gateway.introspect(self.activated(public_key=None)[2]["access_token"]))
        [code] = self.admin.codes(self.admin.user()["id"])
        for wrong in ("key", PUBLIC_KEY[:60], ""):
            device = {"name": "p", "platform": "ios", "public_key": wrong}
            answer = self.anybody.post("/v1/redeem", {"code": code["code"], "device": device}).expect(422, "invalid-fields")
            self.assertEqual(answer.json["errors"][0]["pointer"], "/device/public_key")

    def test_what_cannot_be_a_token_is_revoked_without_a_command(self):
        def commands():
            text = self.anybody.get("/metrics").text
            return next(line for line in text.splitlines() if line.startswith('countersign_state{what="commands"}'))
        before = commands()
        for _ in range(5):
            self.assertEqual(self.anybody.post("/oauth2/revoke", "token=nonsense", type=FORM).expect(200).body, b"{}")
        self.assertEqual(commands(), before)

    # Programs

    def test_replay_shows_names_that_could_mislead_escaped(self):
        name = "user\u202egpj.exe\u2066"
        user = self.admin.user(first_name=name)["id"]
        ran = subprocess.run([REPLAY, "state", "--data-dir", self.server.data, "--account", self.admin.account, "--user", user,
                              "--at", "2100-01-01T00:00:00Z"], capture_output=True, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        shown = ran.stdout.decode("utf-8")
        self.assertIn("\\u202e", shown)
        self.assertNotIn("\u202e", shown)
        self.assertIn(name, json.dumps(json.loads(shown), ensure_ascii=False))

    # Events

    def test_every_refused_attempt_is_explained_by_its_reference(self):
        operator = self.admin.api_key("operator")
        _, code, _ = self.activated()
        references = [self.anybody.redeem(code["code"]).expect(400).json["reference"] for _ in range(5)]
        references.append(self.anybody.redeem(code["code"], headers={"X-Request-Id": "proxy-17"}).expect(400).json["reference"])
        self.assertEqual(references[-1], "proxy-17")
        for reference in references:
            found = operator.post("/v1/registration-codes/lookup", {"reference": reference}).expect(200).json
            self.assertEqual((found["id"], found["status"], found["reason"]), (code["id"], "used", "code_used"))
        other = self.server.account("Other References Inc")
        other.post("/v1/registration-codes/lookup", {"reference": references[-1]}).expect(404)

    def test_a_proxys_reference_finds_the_event(self):
        headers = {"X-Request-Id": "Proxy.Request-42"}
        person = {"first_name": "P", "email": "behind-a-proxy@example.com"}
        self.assertEqual(self.admin.post("/v1/users", person, headers=headers).expect(201).headers["X-Request-Id"], "Proxy.Request-42")
        [event] = self.admin.events('correlation_id eq "Proxy.Request-42"')
        self.assertEqual(event["type"], "user.created")
        self.assertEqual(self.admin.events(f'correlation_id eq "{event["correlation_id"]}"'), [event])

    def test_a_rescue_is_found_by_its_severity(self):
        admin = self.server.account("Severity Inc")
        self.server.root().post(f"/v1/accounts/{admin.account}/admin-keys", headers=key()).expect(201)
        self.assertEqual([event["type"] for event in admin.events('severity eq "critical"')], ["api_key.created"])

    def test_a_download_says_what_was_taken(self):
        user = self.admin.user()["id"]
        self.admin.codes(user, count=3)
        lines = self.admin.get("/v1/registration-codes.csv", {"user_id": user, "columns": "user_id"}).expect(200).text.splitlines()
        self.assertEqual(len(lines), 4)
        event = self.admin.events('type eq "registration_codes.downloaded"')[0]
        self.assertEqual(event["details"], {"rows": 3, "filter": f"user_id={user}&columns=user_id"})
        self.admin.get("/v1/registration-codes.csv").expect(200)
        event = self.admin.events('type eq "registration_codes.downloaded"')[0]
        self.assertIsNone(event["details"]["filter"])
        self.assertGreaterEqual(event["details"]["rows"], 3)

    def test_a_revoked_key_reads_no_further_though_there_is_much(self):
        admin = self.server.account("Backlog Inc")
        admin.import_csv("email,first_name\n" + "".join(f"backlog-{n}@example.com,B\n" for n in range(20_000)))
        brief = admin.api_key("siem")
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events/stream", headers={"Authorization": "Bearer " + brief.key, "Accept": "application/x-ndjson"})
        response = connection.getresponse()
        response.readline()
        admin.delete("/v1/api-keys/" + brief.key_id).expect(204)
        rest = response.read().count(b"\n")
        self.assertLess(rest, 19_000, "what stood in buffers, and no more")
        until(lambda: admin.events('type eq "stream.ended"'), "stream.ended")


if __name__ == "__main__":
    main()
