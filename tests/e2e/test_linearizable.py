#!/usr/bin/env python3
"""64 clients use registration codes while the server is killed again and again: what they were answered is a history that
one server without faults could have given (tests/linearizability), and the server's lists and events agree with it. So that
the judge isn't merely kind, the same history is rejected after each of several small changes."""
import collections
import copy
import random
import re
import time
import unittest

import recorded_load
from recorded_load import accepted, judged, keys_of
from support import NO_LIMITS, Server, go_program, go_test, main, until, verify

OPERATIONS, USERS, KILLS = 8000, 40, 6
SEED = random.SystemRandom().randrange(1 << 32)


def recorded():
    """A history with kills, recorded once. What was acknowledged has been held against the server's views."""
    if not runs:
        runs.append(None)
        runs[0] = record()
    if runs[0] is None:
        raise AssertionError("recording a history has failed, as the first test of this file says")
    return runs[0]
runs = []


def record():
    chance = random.Random(SEED)
    print(f"seed {SEED}", flush=True)
    with Server(NO_LIMITS) as server:
        def url():
            return f"http://127.0.0.1:{server.port}"
        admin = server.account()
        users = [admin.user()["id"] for _ in range(USERS)]
        load = recorded_load.Load([url()], keys_of(admin), users, OPERATIONS, seed=SEED)
        load.start()
        for left in sorted(chance.sample(range(OPERATIONS // 10, OPERATIONS * 9 // 10), KILLS), reverse=True):
            until(lambda left=left: load.left <= left or not load.running(), "the load goes on", timeout=300, pause=0.001)
            time.sleep(chance.uniform(0, 0.02))
            server.kill()
            load.urls.clear()
            server.start()
            load.urls.append(url())
        load.join()
        recorded_load.check_views(load, admin)
        server.stop()
        verify(server.data)
        return load.history()


def of_code(history):
    codes = collections.defaultdict(list)
    for entry in history:
        codes[entry["code"]].append(entry)
    return codes


class Judge(unittest.TestCase):
    def test_it_judges_known_histories_rightly(self):
        self.assertRegex(go_test("linearizability"), r"^ok\b")


class Linearizable(unittest.TestCase):
    def test_what_was_answered_while_the_server_was_killed(self):
        go_program("linearizability")
        history = recorded()
        said = accepted(history)
        print(said.strip(), flush=True)
        count = collections.Counter((entry["op"], entry["outcome"]) for entry in history)
        print(", ".join(f"{op} {outcome} {number}" for (op, outcome), number in sorted(count.items())), flush=True)
        self.assertEqual(int(re.search(r"(\d+) clients", said).group(1)), recorded_load.CLIENTS)
        self.assertGreater(sum(number for (_, outcome), number in count.items() if outcome == "unknown"), KILLS, "kills left requests unanswered")
        self.assertGreater(sum(entry.get("replayed", False) for entry in history), 0, "some of which had been carried out")
        for kind in ("generate ok", "redeem ok", "redeem refused", "redeem withdrawn", "revoke ok", "lookup ok", "introspect ok"):
            self.assertGreater(count[tuple(kind.split())], KILLS, kind)
        raced = collections.Counter(entry["code"] for entry in history if entry["op"] == "redeem")
        self.assertGreater(raced.most_common(1)[0][1], 10, "clients met at one code")


    def test_reads_that_may_be_behind(self):
        """Two URLs (of one server, here), of which each request takes one, and reads that say what they must not be older than."""
        go_program("linearizability")
        with Server(NO_LIMITS) as server:
            admin = server.account()
            urls = [f"http://{host}:{server.port}" for host in ("127.0.0.1", "localhost")]
            load = recorded_load.Load(urls, keys_of(admin), [admin.user()["id"] for _ in range(4)], 800, clients=8, seed=SEED, replicas=True)
            load.start()
            load.join()
            recorded_load.check_views(load, admin, [server.client(admin.key)])
        history = load.history()
        accepted(history)
        self.assertTrue(all(entry.get("stale", False) == (entry["op"] in ("lookup", "introspect")) for entry in history))
        bound = [entry for entry in history if "after" in entry and entry["op"] == "lookup" and entry["state"] in ("used", "revoked")]
        self.assertTrue(bound, "some reads follow an operation of the same client on the same code")
        bound[-1]["state"] = "absent"
        status, said = judged(history)
        self.assertEqual((status, f"first {bound[-1]['code']};" in said), (1, True), said)


class Changed(unittest.TestCase):
    """The same history, but for one answer."""

    def setUp(self):
        go_program("linearizability")
        self.history = copy.deepcopy(recorded())
        self.last = max(entry["return"] for entry in self.history if "return" in entry)
        self.chance = random.Random(SEED)

    def find(self, matches):
        """One code, with its operations: those without unanswered ones, of which more than one story can be told."""
        found = [(code, entries) for code, entries in of_code(self.history).items()
                 if all(entry["outcome"] != "unknown" for entry in entries) and matches(entries)]
        self.assertTrue(found, "no code in the history fits")
        return self.chance.choice(found)

    def only(self, entries, op, outcome="ok", replayed=False):
        return next((entry for entry in entries
                     if (entry["op"], entry["outcome"], entry.get("replayed", False)) == (op, outcome, replayed)), None)

    def later(self, code, op, **fields):
        """Another operation, after all others."""
        self.last += 2
        self.history.append({"id": max(entry["id"] for entry in self.history) + 1, "client": 0, "op": op, "code": code, "call": self.last,
                             "return": self.last + 1, "outcome": "ok"} | fields)

    def rejected(self, code):
        status, said = judged(self.history)
        self.assertEqual(status, 1, said)
        self.assertIn(f"first {code};", said)
        self.assertIn("no order fits these", said)

    def test_an_acknowledged_redemption_twice(self):
        code, _ = self.find(lambda entries: self.only(entries, "redeem") and not self.only(entries, "revoke"))
        self.later(code, "redeem", key="other", token="tok_other")
        self.rejected(code)

    def test_two_answers_swapped(self):
        """Who came after the winner has won, and the winner is refused."""
        def pair(entries):
            won = self.only(entries, "redeem")
            late = [entry for entry in entries if won and entry["outcome"] == "refused" and entry["call"] > won["return"]]
            return (won, late[0]) if late else None
        code, entries = self.find(pair)
        won, late = pair(entries)
        won["outcome"], late["outcome"], late["token"] = "refused", "ok", won.pop("token")
        self.rejected(code)

    def test_a_refusal_in_place_of_a_success(self):
        code, entries = self.find(lambda entries: self.only(entries, "redeem") and not self.only(entries, "revoke"))
        won = self.only(entries, "redeem")
        won["outcome"] = "refused"
        del won["token"]
        self.rejected(code)

    def test_a_success_in_place_of_a_refusal(self):
        code, entries = self.find(lambda entries: self.only(entries, "redeem") and self.only(entries, "redeem", "refused"))
        self.only(entries, "redeem", "refused").update(outcome="ok", token="tok_other")
        self.rejected(code)

    def test_a_lost_generation(self):
        code, _ = self.find(lambda entries: self.only(entries, "generate"))
        self.later(code, "lookup", state="absent")
        self.rejected(code)

    def test_a_redemption_undone(self):
        code, _ = self.find(lambda entries: self.only(entries, "redeem"))
        self.later(code, "lookup", state="open")
        self.rejected(code)

    def test_a_revoked_token_that_is_active(self):
        code, entries = self.find(lambda entries: self.only(entries, "redeem") and self.only(entries, "revoke"))
        self.later(code, "introspect", token=self.only(entries, "redeem")["token"], active=True)
        self.rejected(code)

    def test_a_repeat_with_another_answer(self):
        code, entries = self.find(lambda entries: self.only(entries, "redeem", replayed=True))
        self.only(entries, "redeem", replayed=True)["token"] = "tok_other"
        self.rejected(code)

    def test_a_repeat_that_was_refused(self):
        code, entries = self.find(lambda entries: self.only(entries, "redeem", replayed=True))
        entry = self.only(entries, "redeem", replayed=True)
        entry["outcome"] = "refused"
        del entry["token"], entry["replayed"]
        self.rejected(code)

    def test_a_look_up_of_the_past(self):
        """It says open, though the redemption was answered before it was asked."""
        def late(entries):
            won = self.only(entries, "redeem")
            return won and next((entry for entry in entries if entry["op"] == "lookup" and entry["call"] > won["return"]), None)
        code, entries = self.find(late)
        late(entries)["state"] = "open"
        self.rejected(code)


if __name__ == "__main__":
    main()
