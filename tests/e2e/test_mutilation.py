#!/usr/bin/env python3
"""A data directory that was damaged: countersignd says so and ends, or serves everything as it was. Never less, never other.

COUNTERSIGN_MUTILATIONS says how many, COUNTERSIGN_SEED which ones; a failure names its seed, and that number alone with
COUNTERSIGN_MUTILATIONS=1 does it again, on another history of the same kind.
"""
import collections
import http.client
import os
import pathlib
import random
import shutil
import signal
import unittest

import support
from support import NO_LIMITS, NotStarted, Server, key, main, without_reads

MUTILATIONS = int(os.environ.get("COUNTERSIGN_MUTILATIONS", "200"))
SEED = int(os.environ.get("COUNTERSIGN_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
HANGS_AFTER_S = 30
AREAS = ("log", "keys", "views", "operations")
LISTS = ("/v1/users", "/v1/registration-codes", "/v1/devices", "/v1/tokens", "/v1/sessions", "/v1/api-keys", "/v1/events")
IN_MEMORY = ("last_used", "last_seen")
ONLY_TOLD = ("IDENTITY", "LOCK", "LOG", "OPTIONS")  # RocksDB's files without data


class Wrong(AssertionError):
    pass


class Mutilation:
    """One of them, on a copy of the data directory."""

    def __init__(self, seed, data, older):
        self.random, self.data, self.older = random.Random(seed), data, older

    def file(self, area=None):
        below = self.data / (area or self.random.choice(AREAS))
        files = sorted(path for path in below.rglob("*") if path.is_file() and path.stat().st_size > 0)
        # Half of the time one whose loss would matter.
        if self.random.random() < 0.5:
            files = [path for path in files if not path.name.startswith(ONLY_TOLD)]
        if self.random.random() < 0.1 and area is None:
            return self.data / "log" / "anchor"
        return self.random.choice(files) if files else self.data / "log" / "anchor"

    def name(self, path):
        return str(path.relative_to(self.data))

    def do(self):
        """Says what it did."""
        kinds = {self.flip: 8, self.zero: 2, self.cut: 3, self.remove: 3, self.swap: 2, self.put_back_file: 1, self.put_back: 2,
                 self.lose: 1, self.master_key: 1}
        return self.random.choices(list(kinds), kinds.values())[0]()

    def flip(self):
        path = self.file()
        content = bytearray(path.read_bytes())
        places = [self.random.randrange(len(content)) for _ in range(self.random.choice((1, 1, 1, 2, 16)))]
        for place in places:
            content[place] ^= 1 << self.random.randrange(8)
        path.write_bytes(content)
        return f"bits flipped in {self.name(path)} at {places}"

    def zero(self):
        path = self.file()
        content = bytearray(path.read_bytes())
        start = self.random.randrange(len(content))
        end = min(len(content), start + self.random.choice((16, 512, 4096)))
        content[start:end] = bytes(end - start)
        path.write_bytes(content)
        return f"zeroes in {self.name(path)} from {start} to {end}"

    def cut(self):
        path = self.file()
        size = self.random.randrange(path.stat().st_size)
        os.truncate(path, size)
        return f"{self.name(path)} cut to {size} bytes"

    def remove(self):
        path = self.file()
        path.unlink()
        return f"{self.name(path)} removed"

    def swap(self):
        one = self.file()
        other = self.file(self.random.choice((one.relative_to(self.data).parts[0], None)))
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)
        return f"{self.name(one)} and {self.name(other)} swapped"

    def put_back_file(self):
        path = self.file()
        former = self.older / path.relative_to(self.data)
        if not former.exists():
            return self.flip()
        shutil.copy(former, path)
        return f"an older {self.name(path)} put back"

    def put_back(self):
        area = self.random.choice(("log", "log/db", "keys", "views"))
        shutil.rmtree(self.data / area)
        shutil.copytree(self.older / area, self.data / area)
        return f"an older {area} put back"

    def lose(self):
        area = self.random.choice(("log", "log/db", "keys", "views"))
        shutil.rmtree(self.data / area)
        return f"{area} removed"

    def master_key(self):
        path = self.data / "master-key"
        content = path.read_text()
        place = self.random.randrange(len(content) - 1)
        other = self.random.choice([letter for letter in "0123456789abcdef\n" if letter != content[place].lower()])
        how = self.random.choice(("another character", "cut", "empty", "removed", "open to all", "a directory"))
        if how == "another character":
            path.write_text(content[:place] + other + content[place + 1:])
        elif how == "cut":
            os.truncate(path, place)
        elif how == "empty":
            os.truncate(path, 0)
        elif how == "open to all":
            path.chmod(0o644)
        else:
            path.unlink()
            if how == "a directory":
                path.mkdir()
        return f"master-key: {how} at {place}"


class Mutilations(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, support, "START_S", support.START_S)
        support.START_S = HANGS_AFTER_S
        self.server = Server(NO_LIMITS)
        self.addCleanup(self.server.close)
        self.whole, self.older = self.server.scratch / "whole", self.server.scratch / "older"
        self.accounts, self.operations, self.refused_codes = [], [], []
        self.active, self.revoked = [], []
        self.history()

    # What there is.

    def history(self):
        """Two accounts, in several runs of the server, so that there is more than one file of each kind."""
        for name in ("One", "Two"):
            admin = self.server.account(name)
            self.accounts.append((admin, admin.api_key("gateway")))
        for run in range(3):
            for admin, _ in self.accounts:
                self.some_life(admin, run)
            if run == 1:
                self.server.stop()
                shutil.copytree(self.server.data, self.older)
                self.server.start()
            elif run == 0:
                self.server.restart()
        self.facts = self.now()
        self.assertEqual({question: status for question, (status, _) in self.facts.items() if status != 200}, {})
        self.assertEqual(self.server.stop(), 0)
        shutil.move(self.server.data, self.whole)

    def some_life(self, admin, run):
        rows = "".join(f"row-{run}-{number}@example.com,Row,{number}\n" for number in range(40))
        started = admin.post("/v1/users/import", "email,first_name,last_name\nbroken,B,B\n" + rows, type="text/csv").expect(202)
        self.assertEqual(admin.operation(started.json["operation_id"])["created"], 40)
        self.operations.append((admin, started.json["operation_id"]))
        users = [admin.user()["id"] for _ in range(6)]
        codes = admin.codes(*users, count=3)
        for code in codes[:6]:
            token = admin.redeem(code["code"]).expect(201).json
            self.active.append((admin, token["access_token"], token["device_id"]))
            self.refused_codes.append(code["code"])
        _, token, device = self.active.pop()
        admin.post(f"/v1/devices/{device}/revoke").expect(200)
        self.revoked.append((admin, token))
        admin.post(f"/v1/registration-codes/{codes[-1]['id']}/revoke").expect(200)
        self.refused_codes.append(codes[-1]["code"])
        gone = admin.user()["id"]
        [code] = admin.codes(gone)
        self.revoked.append((admin, admin.redeem(code["code"]).expect(201).json["access_token"]))
        self.refused_codes.append(code["code"])
        admin.post(f"/v1/users/{gone}/disable").expect(200)
        erasure = admin.delete("/v1/users/" + gone).expect(202).json["operation_id"]
        self.assertEqual(admin.operation(erasure)["status"], "done")
        self.operations.append((admin, erasure))

    def ask(self, client, path, query=None):
        """(status, what counts of the body), all pages of a list."""
        items, query = [], dict(query or {})
        if path in LISTS:
            query["limit"] = "100"
        while True:
            answer = client.get(path, query)
            if answer.status != 200:
                return answer.status, None
            page = answer.json
            if "items" not in page:
                return 200, page
            items += [{name: value for name, value in item.items() if name not in IN_MEMORY}
                      for item in without_reads(page["items"])]
            if not page["has_more"]:
                return 200, items
            query["after"] = page["next"]

    def now(self):
        """question -> (status, answer)"""
        facts = {}
        for number, (admin, gateway) in enumerate(self.accounts):
            for path in LISTS:
                facts[number, path] = self.ask(admin, path)
            facts[number, "ascending"] = self.ask(admin, "/v1/events", {"sort": "asc"})
            for is_active, tokens in ((True, [token for owner, token, _ in self.active if owner is admin]),
                                      (False, [token for owner, token in self.revoked if owner is admin])):
                for token in tokens:
                    answer = gateway.post("/oauth2/introspect", "token=" + token, type="application/x-www-form-urlencoded")
                    active = answer.json["active"] if answer.status == 200 else None
                    if active not in (None, is_active):
                        raise Wrong(f"a token's state is {active}")
                    facts[number, token] = answer.status, active
            for person in (facts[number, "/v1/users"][1] or [])[-8:]:
                facts[number, person["id"]] = self.ask(admin, "/v1/users/" + person["id"])
        for admin, id in self.operations:
            facts["operation", id] = self.ask(admin, "/v1/operations/" + id)
        return facts

    # What becomes of it.

    def compare(self):
        """"whole", or "loud" when some questions were answered with an error."""
        failed, lost = [], 0
        now = self.now()
        for question, (status, fact) in self.facts.items():
            found, answer = now.get(question, (None, None))
            if found is None or found >= 500:
                failed.append((question, found))
            elif found == 404 and self.is_lost_operation(question):
                lost += 1
            elif (found, answer) != (status, fact):
                raise Wrong(f"{question}: {self.difference((status, fact), (found, answer))}")
        for code in self.refused_codes:
            answer = self.accounts[0][0].redeem(code, headers=key())
            if answer.status == 201:
                raise Wrong("a code that was used or revoked has been redeemed")
            if answer.status >= 500:
                failed.append(("redeem", answer.status))
        if failed and " error " not in self.server.said():
            raise Wrong(f"failed without a line in the log: {failed[:5]}")
        return "loud" if failed or lost else "whole"

    def is_lost_operation(self, question):
        """Of an operation that has ended only the report is in its file: it is set aside with a warning, or was deleted."""
        if question[0] != "operation":
            return False
        file = self.server.data / "operations" / (question[1] + ".json")
        return not file.exists() and (f"{file} can't be read and is set aside" in self.server.said() or
                                      not file.with_suffix(".json.damaged").exists())

    def difference(self, before, after):
        if before[0] == after[0] == 200 and isinstance(before[1], list):
            for number, (one, other) in enumerate(zip(before[1], after[1])):
                if one != other:
                    return f"{len(before[1])} items, now {len(after[1])}; the first other one, number {number}: {one} -> {other}"
        return f"{str(before)[:300]} -> {str(after)[:300]}, {len(before[1] or '')} -> {len(after[1] or '')} items"

    def outcome(self):
        try:
            self.server.start()
        except NotStarted as ended:
            self.check_refusal(ended.status, ended.stderr)
            return "refused"
        try:
            outcome = self.compare()
        except (OSError, http.client.HTTPException) as error:
            try:
                status = self.server.process.wait(timeout=10)
            except support.subprocess.TimeoutExpired:
                raise Wrong(f"no answer, and it goes on: {error!r}") from error
            if status <= 0:
                raise Wrong(f"it ended with status {status}: {self.server.said()}") from error
            outcome = "loud"
        status = self.server.stop()
        if status is not None and status < 0:
            raise Wrong(f"stopping ended with signal {-status}: {self.server.said()}")
        return outcome

    def check_refusal(self, status, stderr):
        if status == -signal.SIGKILL:
            raise Wrong(f"it hung: {stderr}")
        if status <= 0:
            raise Wrong(f"it ended with status {status}: {stderr}")
        last = (stderr.strip().splitlines() or [""])[-1]
        if not last.startswith("countersignd: ") or str(self.server.data) not in last:
            raise Wrong(f"that does not say what is damaged: {stderr}")

    def test_whole_or_refused(self):
        outcomes, wrong = collections.Counter(), []
        for number in range(MUTILATIONS):
            seed = SEED + number
            shutil.rmtree(self.server.data, ignore_errors=True)
            shutil.copytree(self.whole, self.server.data)
            what = Mutilation(seed, self.server.data, self.older).do()
            try:
                outcomes[self.outcome()] += 1
            except Wrong as error:
                wrong.append(f"COUNTERSIGN_SEED={seed}: {what}: {error}")
            self.server.kill()
            if not self.server.process.stdout.closed:
                self.server.process.stdout.close()
        print(f"seed {SEED}: {MUTILATIONS} mutilations: " + ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items())),
              flush=True)
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))
        if MUTILATIONS >= 100:
            self.assertGreater(outcomes["refused"], MUTILATIONS // 10)
            self.assertGreater(outcomes["whole"], MUTILATIONS // 10)


if __name__ == "__main__":
    main()
