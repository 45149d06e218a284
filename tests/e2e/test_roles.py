#!/usr/bin/env python3
"""Every route with every role, held against x-roles of the OpenAPI document that the server itself serves."""
import re
import unittest
import urllib.parse

from support import ServerTest, main, raw, until

ROLES = ("admin", "operator", "auditor", "gateway", "siem", "scim")
METHODS = ("get", "post", "patch", "delete", "put")


def routes(document):
    """[(method, path, operationId, roles)]. Of YAML only what this document uses: two blanks a level, roles on one line."""
    found, path, method, in_paths = [], None, None, False
    for line in document.splitlines():
        if re.match(r"\S", line):
            in_paths = line == "paths:"
        elif not in_paths:
            continue
        elif match := re.match(r"  (/\S*):$", line):
            path = match[1]
        elif match := re.match(rf"    ({'|'.join(METHODS)}):$", line):
            method = match[1].upper()
        elif match := re.match(r"      operationId: (\w+)$", line):
            operation = match[1]
        elif match := re.match(r"      x-roles: \[(.*)\]$", line):
            found.append((method, path, operation, set(re.split(", *", match[1]))))
    return found


class Roles(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.anybody = cls.server.client()
        cls.routes = routes(cls.anybody.get("/openapi.yaml").expect(200).text)
        cls.admin = cls.server.account("Roles Inc")
        cls.callers = {role: cls.admin.api_key(role) for role in ROLES}
        cls.callers |= {"root": cls.server.root(), "none": cls.anybody}

    @staticmethod
    def call(client, method, path, operation):
        """With parameters that name nothing that is there, so that nothing changes; streams are left at once."""
        ids = {"accounts": "acc_", "api-keys": "key_", "users": "usr_", "operations": "op_", "registration-codes": "rc_",
               "devices": "dev_", "tokens": "tok_", "sessions": "ses_", "events": "evt_",
               "siem-destinations": "dst_", "authenticators": "aut_", "licences": "lic_", "registrations": "reg_", "cluster": "9",
               "hardware-tokens": "hwt_"}
        if "{id}" in path:
            path = path.replace("{id}", ids[path.split("/")[2]] + "0" * 26)
        path = path.replace("{serial}", "none").replace("{rest}", "000.p/1" if operation == "get_log_entries" else "0/000.p/1")
        if operation == "stream_events":
            path += "?after=nonsense"  # 400 for those who may, instead of a stream
        type = None
        if method in ("POST", "PATCH"):
            type = "application/x-www-form-urlencoded" if path.startswith("/oauth2") else "application/json"
            type = "text/csv" if operation.startswith("import_") else type
        body = {"application/json": "{", "text/csv": "", "application/x-www-form-urlencoded": "x=%zz"}.get(type)
        bodiless = operation in ("create_rescue_key", "generate_for_new_users") or re.search("enable_user|disable_user|unlock_user|reset_user$|revoke_(code|device|token)$", operation)
        return client.request(method, path, None if bodiless else body, type=None if bodiless else type)

    def test_the_document_has_routes(self):
        self.assertGreater(len(self.routes), 50)
        self.assertEqual(len({operation for _, _, operation, _ in self.routes}), len(self.routes))
        for _, _, operation, roles in self.routes:
            self.assertLessEqual(roles, {*ROLES, "root", "public"}, operation)
            self.assertTrue(roles, operation)

    def test_every_route_with_every_role(self):
        wrong = []
        for method, path, operation, roles in self.routes:
            for role, client in self.callers.items():
                answer = self.call(client, method, path, operation)
                if "public" in roles or role in roles:
                    fits = answer.status not in (401, 403, 405, 500) and not (
                        answer.status == 404 and "{" not in path and path != "/v1/delivery-reports")  # without a secret none are taken
                elif role == "none":
                    fits = answer.status == 401 and answer.code == "unauthorized"
                else:
                    fits = answer.status == 403 and answer.code == "forbidden"
                if not fits:
                    wrong.append(f"{operation} with {role}: {answer!r}")
        self.assertEqual(wrong, [])

    def test_keys_that_are_none(self):
        real = self.admin.key
        for header in ("", "Bearer", "Bearer ", "Basic " + real, "Bearer " + real[:-1], "Bearer " + real + "x",
                       "Bearer " + real[:-1] + ("2" if real[-1] != "2" else "3"), "Bearer cskey_", "Bearer csroot_x",
                       "Bearer " + "x" * 5000):
            answer = self.anybody.get("/v1/users", headers={"Authorization": header})
            self.assertEqual((answer.status, answer.code), (401, "unauthorized"), header[:40])
        self.admin.get("/v1/users", headers={"Authorization": "bEaReR " + real}).expect(200)

    def test_refused_keys_leave_events(self):
        admin = self.server.account("Refused Inc")
        gateway = admin.api_key("gateway")
        for _ in range(5):
            gateway.get("/v1/users").expect(403)
        events = until(lambda: admin.events('type eq "api_key.refused"'), "api_key.refused")
        self.assertEqual([(event["outcome"]["reason"], event["outcome"]["result"]) for event in events],
                         [("role_insufficient", "failure")], "the first at once, the rest counted when the minute ends")

    def test_wrong_methods(self):
        allowed = {}
        for method, path, _, _ in self.routes:
            allowed.setdefault(path, set()).add(method)
        for path, methods in allowed.items():
            filled = path.replace("{id}", "x")
            others = {template for template in allowed if template != path
                      and re.fullmatch(re.sub(r"\{id\}", "[^/]+", template), filled)}
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods - {m for t in others for m in allowed[t]}:
                answer = self.admin.request(method, filled)
                self.assertEqual((answer.status, answer.code), (405, "method-not-allowed"), f"{method} {path}")
                self.assertEqual(set(re.split(", *", answer.headers["Allow"])) - {"HEAD", "OPTIONS"}, methods, f"{method} {path}")
        answer = raw(self.server, b"BREW /v1/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertRegex(answer, rb"^HTTP/1.1 (400|405|501) ")

    def test_unknown_paths(self):
        for path in ("/", "/v1", "/v1/", "/v1/user", "/v1/users/", "/v2/users", "/v1/users/x/y", "/v1/users//", "/openapi.json"):
            answer = self.admin.get(path)
            self.assertEqual((answer.status, answer.code), (404, "not-found"), path)

    def test_another_accounts_ids_are_not_found(self):
        other = self.server.account("Foreign Inc")
        user = other.user()["id"]
        [used, code] = other.codes(user, count=2)
        made = self.anybody.redeem(used["code"]).expect(201).json
        event = other.events()[0]["id"]
        operation = other.post("/v1/registration-codes/generate-for-new-users").expect(202).json["operation_id"]
        key = other.api_key("auditor").key_id
        for path in (f"/v1/users/{user}", f"/v1/registration-codes/{code['id']}", f"/v1/devices/{made['device_id']}",
                     f"/v1/tokens/{made['token_id']}", f"/v1/sessions/{made['session_id']}", f"/v1/events/{event}",
                     f"/v1/operations/{operation}"):
            other.get(path).expect(200)
            self.admin.get(path).expect(404, "not-found")
        for method, path in (("POST", f"/v1/users/{user}/disable"), ("POST", f"/v1/users/{user}/reset"),
                             ("DELETE", f"/v1/users/{user}"), ("DELETE", f"/v1/users/{user}/sessions"),
                             ("POST", f"/v1/registration-codes/{code['id']}/revoke"), ("DELETE", f"/v1/api-keys/{key}"),
                             ("POST", f"/v1/devices/{made['device_id']}/revoke"), ("POST", f"/v1/tokens/{made['token_id']}/revoke"),
                             ("DELETE", f"/v1/sessions/{made['session_id']}")):
            self.admin.request(method, path).expect(404, "not-found")
        self.admin.post("/v1/registration-codes", {"user_ids": [user]}).expect(404)
        self.admin.post("/v1/registration-codes/lookup", {"code": code["code"]}).expect(404)
        for path in ("/v1/registration-codes", "/v1/devices", "/v1/tokens", "/v1/sessions"):
            self.assertEqual(self.admin.get(path, {"user_id": user}).expect(200).json["items"], [], path)
        self.admin.get("/v1/users?" + urllib.parse.urlencode({"account": other.account})).expect(400)


if __name__ == "__main__":
    main()
