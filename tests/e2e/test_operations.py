#!/usr/bin/env python3
"""Operations: what an import does to people who change meanwhile, and what is left of operations that came to nothing."""
import unittest

from support import NO_LIMITS, ServerTest, main


class Imports(ServerTest):
    settings = NO_LIMITS

    def setUp(self):
        self.admin = self.server.account("Imports Inc")
        self.addCleanup(self.admin.close)

    def found(self, email):
        [user] = self.admin.get("/v1/users", {"email": email}).expect(200).json["items"]
        return user

    def test_a_second_row_of_a_new_person_is_merged_with_the_first(self):
        for between in ("", "".join(f"between-{number}@example.com,B,\n" for number in range(600))):
            email = f"twice-{len(between)}@example.com"
            done = self.admin.import_csv(f"email,first_name,department\n{email},First,Sales\n{between}{email},Second,\n")
            self.assertEqual((done["status"], done["updated"], done["failed"], done["rows"]), ("done", 1, 0, []))
            user = self.found(email)
            self.assertEqual((user["first_name"], user["attributes"]), ("Second", {"department": "Sales"}))

    def test_what_changes_during_an_import_is_not_reverted(self):
        emails = [f"busy-{number}@example.com" for number in range(4000)]
        people = "".join(f"{email},First,{{}}\n" for email in emails)
        self.assertEqual(self.admin.import_csv("email,first_name,last_name\n" + people.replace("{}", "1"))["created"], len(emails))
        ids = {user["email"]: user["id"] for user in self.admin.all("/v1/users")}
        started = self.admin.post("/v1/users/import", "email,first_name,last_name\n" + people.replace("{}", "2"), type="text/csv")
        operation = started.expect(202).json["operation_id"]
        patched, moved = set(), set()
        for email in emails[::-1]:
            if self.admin.get("/v1/operations/" + operation).json["status"] == "done":
                break
            change = {"mfa_configured": True} if len(patched) % 2 else {"email": "moved-" + email}
            self.admin.patch("/v1/users/" + ids[email], change).expect(200)
            (patched if "mfa_configured" in change else moved).add(ids[email])
            if "email" in change:
                patched.add(ids[email])
        done = self.admin.operation(operation)
        self.assertEqual((done["status"], done["failed"], done["rows"]), ("done", 0, []))
        self.assertEqual(done["created"] + done["updated"] + done["unchanged"], len(emails))
        users = {user["id"]: user for user in self.admin.all("/v1/users")}
        self.assertEqual(len(users), len(ids) + done["created"], "whoever moved away is somebody else")
        for id in patched:
            user = users[id]
            self.assertTrue(user["email"].startswith("moved-") if id in moved else user["mfa_configured"], user)

    def test_reports_are_all_shown_however_many_they_are(self):
        bad = 200_000
        text = "email,first_name\ngood@example.com,G\n" + "nobody,N\n" * bad + "better@example.com,B\nnobody,N\n"
        operation = self.admin.post("/v1/users/import", text, type="text/csv").expect(202).json["operation_id"]
        while True:
            answer = self.admin.get("/v1/operations/" + operation).expect(200)
            self.assertEqual(len(answer.json["rows"]), answer.json["failed"], "on the way, too")
            if answer.json["status"] == "done":
                break
        self.assertEqual(answer.headers["Transfer-Encoding"], "chunked", "it is never in memory as a whole")
        self.assertEqual((answer.json["created"], answer.json["done"], answer.json["failed"]), (2, 2, bad + 1))
        self.assertEqual([row["line"] for row in answer.json["rows"]], [*range(3, bad + 3), bad + 4])
        self.assertEqual({(row["code"], row["detail"]) for row in answer.json["rows"]}, {("email-invalid", "not an e-mail address")})
        self.assertLess((self.server.data / "operations" / (operation + ".json")).stat().st_size, 2048)
        self.server.restart()
        self.assertEqual(self.admin.get("/v1/operations/" + operation).expect(200).json, answer.json)


if __name__ == "__main__":
    main()
