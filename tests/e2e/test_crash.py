#!/usr/bin/env python3
"""kill -9 under load: what was answered is there, nothing is doubled, what was not answered can be repeated.

Every worker keeps a journal of what it was answered. After each restart it repeats what was not answered, with the same
Idempotency-Key; then the server's lists must be exactly what the journals say. Every few kills the log and the views are
audited as they were left; at the end the views equal those that are built from a copy of the log without any key. kill -9
leaves the page cache alone: that nothing depends on it is tested below bus/ and adapters/keys with a file system that
forgets.
"""
import collections
import http.client
import random
import shutil
import threading
import time
import unittest

from support import NO_LIMITS, Server, key, main, replay, until, verify, views_from_the_log_alone, views_of, without_reads

KILLS = 60
WORKERS = 6
KILLS_AN_ACCOUNT = 10
KILLS_AN_AUDIT = 6  # an audit reads the whole log
# Whatever happens at most once to anything: the event's type, and which of its fields names the thing.
ONCE = {"user.created": "subject", "user.disabled": "subject", "user.erased": "subject", "registration_code.generated": "target",
        "registration_code.used": "target", "registration_code.revoked": "target", "device.activated": "target",
        "device.revoked": "target", "token.issued": "target", "token.revoked": "target", "session.started": "target",
        "session.ended": "target", "operation.started": "target", "operation.finished": "target"}
ACTIONS = ("create", "bring_in", "generate", "redeem", "revoke_code", "revoke_device", "erase")
SEED = random.SystemRandom().randrange(1 << 32)


class Unanswered(Exception):
    pass


class Worker:
    """One client of its own: people, codes and devices that nobody else touches."""

    def __init__(self, admin, number):
        self.admin, self.client = admin, admin.with_key(admin.key)
        self.number, self.made = number, 0
        self.random = random.Random(SEED + number)
        self.users = {}    # id -> e-mail
        self.imports = []  # (operation, addresses) that have not been looked at
        self.operations = set()  # of imports
        self.codes = {}    # id -> (user, status, code)
        self.devices = {}  # id -> (user, code id, status, token)
        self.erased, self.erasures = set(), []
        self.begun = collections.Counter()  # action -> how often
        self.repeated = collections.Counter()  # action -> requests that a kill left without answer
        self.replayed = 0  # those of them that had been carried out
        self.pending = None  # what was sent and not answered: (what to do with the answer, method, path, body, type, headers)

    def send(self, then, method, path, body=None, type=None):
        headers = key() if method == "POST" else {}
        self.pending = (then, method, path, body, type, headers)
        try:
            answer = self.client.request(method, path, body, headers=headers, type=type)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered from error
        self.pending = None
        then(answer)

    def repeat(self):
        """After a restart: what was not answered, again."""
        if not self.pending:
            return
        then, method, path, body, type, headers = self.pending
        self.pending = None
        answer = self.client.request(method, path, body, headers=headers, type=type)
        self.repeated[self.doing] += 1
        self.replayed += answer.headers.get("Idempotency-Replayed") == "true"
        then(answer)
    doing = None

    def begin(self, action, *arguments):
        self.doing = action.__name__
        self.begun[self.doing] += 1
        action(*arguments)

    def address(self):
        self.made += 1
        return f"worker-{self.number}-{self.made}@example.com"

    def step(self):
        open_codes = [id for id, (_, status, _) in self.codes.items() if status == "open"]
        used = [id for id, device in self.devices.items() if device[2] == "active"]
        action = self.random.random()
        if action < 0.10 or not self.users:
            self.begin(self.create)
        elif action < 0.16:
            self.begin(self.bring_in)
        elif action < 0.45 or not open_codes:
            self.begin(self.generate)
        elif action < 0.80:
            self.begin(self.redeem, self.random.choice(open_codes))
        elif action < 0.88:
            self.begin(self.revoke_code, self.random.choice(open_codes))
        elif action < 0.95 and used:
            self.begin(self.revoke_device, self.random.choice(used))
        elif action > 0.97:
            self.begin(self.erase, self.random.choice(list(self.users)))

    def create(self):
        email = self.address()

        def then(answer):
            self.users[answer.expect(201).json["id"]] = email
        self.send(then, "POST", "/v1/users", {"first_name": "W", "last_name": str(self.number), "email": email})

    def bring_in(self):
        emails = [self.address() for _ in range(self.random.randrange(1, 40))]
        text = "email,first_name\n" + "".join(f"{email},Imported\n" for email in emails) + "broken,Row\n"

        def then(answer):
            id = answer.expect(202).json["operation_id"]
            self.imports.append((id, emails))
            self.operations.add(id)
        self.send(then, "POST", "/v1/users/import", text, "text/csv")

    def settle_operations(self):
        """Operations go on after a crash, and end with the right counts."""
        for id, emails in self.imports:
            operation = self.client.operation(id)
            assert operation["status"] == "done", operation
            assert operation["failed"] == 1 and [row["line"] for row in operation["rows"]] == [len(emails) + 2], operation
            assert operation["created"] + operation["unchanged"] == len(emails) and operation["updated"] == 0, operation
            for email in emails:
                [user] = self.client.get("/v1/users", {"email": email}).expect(200).json["items"]
                self.users[user["id"]] = email
        self.imports = []
        for id in self.erasures:
            operation = self.client.operation(id)
            assert operation["status"] == "done", operation
        self.erasures = []

    def generate(self):
        user = self.random.choice(list(self.users))
        if sum(1 for each in self.codes.values() if each[0] == user) > 100:
            return

        def then(answer):
            for item in answer.expect(201).json["items"]:
                self.codes[item["id"]] = (user, "open", item["code"])
        self.send(then, "POST", "/v1/registration-codes", {"user_ids": [user], "codes_per_user": self.random.randrange(1, 4)})

    def redeem(self, id):
        user, _, code = self.codes[id]

        def then(answer):
            made = answer.expect(201).json
            assert made["user_id"] == user
            self.codes[id] = (user, "used", code)
            self.devices[made["device_id"]] = (user, id, "active", made["access_token"])
        self.send(then, "POST", "/v1/redeem", {"code": code, "device": {"name": "d", "platform": "p"}})

    def revoke_code(self, id):
        user, _, code = self.codes[id]

        def then(answer):
            answer.expect(200)
            self.codes[id] = (user, "revoked", code)
        self.send(then, "POST", f"/v1/registration-codes/{id}/revoke")

    def revoke_device(self, id):
        user, code, _, token = self.devices[id]

        def then(answer):
            answer.expect(200)
            self.devices[id] = (user, code, "revoked", token)
        self.send(then, "POST", f"/v1/devices/{id}/revoke")

    def erase(self, user):
        def disabled(answer):
            answer.expect(200)
            self.disabled = user
        self.send(disabled, "POST", f"/v1/users/{user}/disable")
        self.finish_erasing()
    disabled = None

    def finish_erasing(self):
        """A disabled user is always erased next, also after a restart."""
        if not self.disabled:
            return
        user = self.disabled

        def erased(answer):
            assert answer.status in (202, 404), answer  # 404: it was done, and the answer got lost
            self.disabled = None
            if answer.status == 202:
                self.erasures.append(answer.json["operation_id"])
            del self.users[user]
            self.codes = {id: each for id, each in self.codes.items() if each[0] != user}
            self.devices = {id: each for id, each in self.devices.items() if each[0] != user}
            self.erased.add(user)
        self.send(erased, "DELETE", f"/v1/users/{user}")

    def run(self):
        try:
            while True:
                self.step()
        except Unanswered:
            pass
        except Exception as error:  # noqa: BLE001
            self.failure = error
    failure = None

    def recover(self):
        if self.failure:
            raise self.failure
        self.repeat()
        self.finish_erasing()
        self.settle_operations()


class Crash(unittest.TestCase):
    def setUp(self):
        self.server = Server(NO_LIMITS)
        self.addCleanup(self.server.close)

    def workers(self, admin):
        return [Worker(admin, number) for number in range(WORKERS)]

    def check(self, admin, workers):
        """The lists are what the journals say: no more, no less."""
        def journal(name):
            return {id: value for worker in workers for id, value in getattr(worker, name).items()}
        users = {user["id"]: user["email"] for user in admin.all("/v1/users")}
        self.assertEqual(users, journal("users"))
        codes = admin.all("/v1/registration-codes")
        self.assertEqual({code["id"]: (code["user_id"], code["status"]) for code in codes},
                         {id: (user, status) for id, (user, status, _) in journal("codes").items()})
        for code in codes:
            if code["status"] == "open":
                self.assertEqual(code["code"], journal("codes")[code["id"]][2])
        devices = admin.all("/v1/devices")
        self.assertEqual({device["id"]: (device["user_id"], device["registration_code_id"], device["status"]) for device in devices},
                         {id: (user, code, status) for id, (user, code, status, _) in journal("devices").items()})
        self.assertEqual(len({device["registration_code_id"] for device in devices}), len(devices), "one code, one device")
        events = admin.events(sort="asc")
        self.assertEqual([event["sequence"] for event in events], list(range(1, len(events) + 1)), "gapless")
        happened = {type: [event[field]["id"] for event in events if event["type"] == type] for type, field in ONCE.items()}
        for type, things in happened.items():
            self.assertEqual([thing for thing, times in collections.Counter(things).items() if times > 1], [], f"{type} twice")
        erased = {user for worker in workers for user in worker.erased}
        self.assertEqual(set(happened["user.erased"]), erased)
        self.assertEqual(set(happened["user.created"]), erased | set(users))
        self.assertEqual(set(happened["operation.started"]), {id for worker in workers for id in worker.operations})
        for id in erased:
            admin.get("/v1/users/" + id).expect(404)

    def check_tokens(self, admin, workers):
        gateway = admin.api_key("gateway")
        for worker in workers:
            for _, _, status, token in list(worker.devices.values())[-30:]:
                self.assertEqual(gateway.introspect(token)["active"], status == "active")

    def test_60_times_under_load(self):
        chance, journals, answered = random.Random(SEED), [], 0
        print(f"seed {SEED}", flush=True)
        for kill in range(KILLS):
            if kill % KILLS_AN_ACCOUNT == 0:
                admin = self.server.account(f"Crash {kill}")
                workers = self.workers(admin)
                journals.append((admin, workers))
            threads = [threading.Thread(target=worker.run) for worker in workers]
            for thread in threads:
                thread.start()
            time.sleep(chance.uniform(0.05, 0.5))
            self.server.kill()
            for thread in threads:
                thread.join()
            if kill % KILLS_AN_AUDIT == KILLS_AN_AUDIT - 1:
                verify(self.server.data, views=False)
            self.server.start()
            for worker in workers:
                worker.recover()
            self.check(admin, workers)
        for admin, workers in journals:
            self.check(admin, workers)
            self.check_tokens(admin, workers)
            answered += sum(len(worker.users) + len(worker.codes) + len(worker.devices) for worker in workers)
        everybody = [worker for _, workers in journals for worker in workers]
        begun, repeated = (sum((getattr(worker, name) for worker in everybody), collections.Counter()) for name in ("begun", "repeated"))
        replayed = sum(worker.replayed for worker in everybody)
        print(f"{KILLS} kills, {answered} objects, begun {dict(begun)}, unanswered {dict(repeated)}, carried out though {replayed}",
              flush=True)
        self.assertGreater(answered, KILLS * 10, "there was load")
        self.assertGreaterEqual(min(begun[action] for action in ACTIONS), KILLS // 6, "of every kind")
        self.assertGreater(repeated.total(), KILLS, "kills left requests unanswered")
        self.assertGreater(replayed, 0, "some of which had been carried out")

        # Views folded anew from the log say the same, and need no key for that.
        lists = ("/v1/users", "/v1/registration-codes", "/v1/devices", "/v1/tokens", "/v1/sessions", "/v1/events", "/v1/api-keys")
        before = [[without_reads(admin.all(path)) for path in lists] for admin, _ in journals]
        self.server.stop()
        verify(self.server.data)
        views = views_of(self.server.data)
        self.assertEqual(views_from_the_log_alone(self.server.data, self.server.scratch / "rebuilt"), views)
        replay("rebuild", "--data-dir", self.server.data)
        self.assertEqual(views_of(self.server.data), views)
        shutil.rmtree(self.server.data / "views")
        self.server.start()
        for (admin, _), lists_before in zip(journals, before):
            for path, items in zip(lists, lists_before):
                now = without_reads(admin.all(path))
                for item in (*now, *items):
                    for in_memory in ("last_used", "last_seen"):
                        item.pop(in_memory, None)
                self.assertEqual(now, items, path)

    def test_in_the_middle_of_an_import_and_a_generation(self):
        rows = 12000
        admin = self.server.account("Import")
        text = "email,first_name,last_name\n" + "".join(
            f"broken-{n},B,{n}\n" if n % 1000 == 7 else f"person-{n}@example.com,P,{n}\n" for n in range(rows))
        started = admin.post("/v1/users/import", text, type="text/csv", headers=key()).expect(202).json["operation_id"]
        operation = self.interrupted(admin, started)
        self.assertEqual((operation["status"], operation["total"], operation["failed"]), ("done", rows, rows // 1000), operation)
        self.assertEqual([row["line"] for row in operation["rows"]], [n + 2 for n in range(7, rows, 1000)])
        self.assertEqual((operation["created"], operation["updated"], operation["unchanged"]), (rows - rows // 1000, 0, 0))
        self.assertEqual(len(admin.all("/v1/users")), rows - rows // 1000)
        self.assertEqual(len(admin.events('type eq "user.created"')), rows - rows // 1000)
        self.assertEqual([path.name for path in (self.server.data / "operations").iterdir() if path.suffix == ".spool"], [])

        started = admin.post("/v1/registration-codes/generate-for-new-users", headers=key()).expect(202).json["operation_id"]
        operation = self.interrupted(admin, started)
        self.assertEqual(operation["status"], "done")
        codes = admin.all("/v1/registration-codes", {"status": "open"})
        self.assertEqual(len(codes), rows - rows // 1000)
        self.assertEqual(len({code["user_id"] for code in codes}), len(codes), "nobody has two")
        csv = admin.get("/v1/registration-codes.csv", {"operation_id": started}).expect(200).text
        self.assertEqual(len(csv.splitlines()), len(codes) + 1)

    def interrupted(self, admin, id):
        """The operation, ended, after a few kills on its way."""
        kills = 0
        while True:
            operation = admin.get("/v1/operations/" + id).expect(200).json
            if operation["status"] in ("done", "failed"):
                self.assertGreater(kills, 0, "it was too fast to be killed")
                return operation
            if kills < 4:
                self.server.kill()
                kills += 1
                self.server.start()
            time.sleep(0.3)

    def test_an_erasure_goes_on(self):
        admin = self.server.account("Erase")
        for _ in range(10):
            user = admin.user()["id"]
            admin.post(f"/v1/users/{user}/disable").expect(200)
            id = admin.delete("/v1/users/" + user).expect(202).json["operation_id"]
            self.server.kill()
            self.server.start()
            self.assertEqual(admin.operation(id)["status"], "done")
            admin.get("/v1/users/" + user).expect(404)

    def test_a_torn_drain(self):
        """SIGTERM, and then SIGKILL while it drains."""
        admin = self.server.account("Drain")
        users = []
        for _ in range(5):
            users.append(admin.user()["id"])
            self.server.process.terminate()
            time.sleep(random.uniform(0, 0.05))
            self.server.kill()
            if not self.server.process.stdout.closed:
                self.server.process.stdout.close()
            self.server.start()
            self.assertEqual([user["id"] for user in admin.all("/v1/users")], users)
        until(lambda: admin.get("/readyz").status == 200, "ready")


if __name__ == "__main__":
    main()
