#!/usr/bin/env python3
"""64 clients redeem one code at the same moment: one gets it. Refusals tell nobody why."""
import collections
import json
import re
import socket
import threading
import unittest

from support import NO_LIMITS, Server, key, main

CLIENTS, CODES = 64, 1000


class Connection:
    """As little client as possible, so that the clients and not Python are the crowd."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read = b""

    def redeem(self, code, headers=""):
        body = b'{"code":"%s","device":{"name":"phone","platform":"android"}}' % code.encode()
        head = f"POST /v1/redeem HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        while (end := self.read.find(b"\r\n\r\n")) < 0:
            self._more()
        head, self.read = self.read[:end], self.read[end + 4:]
        length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
        while len(self.read) < length:
            self._more()
        body, self.read = self.read[:length], self.read[length:]
        return int(head.split(b" ", 2)[1]), head, body

    def _more(self):
        chunk = self.socket.recv(65536)
        if not chunk:
            raise AssertionError("the server closed the connection")
        self.read += chunk


def crowd(server, codes, headers=lambda number: ""):
    """Every client redeems every code, all clients at the same moment. The answers of each code."""
    answers = [[None] * CLIENTS for _ in codes]
    barrier, failures = threading.Barrier(CLIENTS), []

    def client(number):
        try:
            connection = Connection(server)
            for at, code in enumerate(codes):
                barrier.wait(120)
                answers[at][number] = connection.redeem(code, headers(at))
            connection.socket.close()
        except Exception as error:  # noqa: BLE001
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        if not isinstance(failure, threading.BrokenBarrierError):
            raise failure
    return answers


def without_reference(body):
    """The same bytes, but for the reference."""
    reference = json.loads(body)["reference"].encode()
    assert body.count(reference) == 1
    return body.replace(reference, b"*" * len(reference))


def plain(head):
    """The header lines that may not differ: X-Request-Id is the reference again."""
    return sorted(line for line in head.split(b"\r\n") if not re.match(rb"(?i)(date|x-request-id):", line))


class OneRedemption(unittest.TestCase):
    def test_one_of_64_gets_it_a_thousand_times(self):
        with Server(NO_LIMITS) as server:
            admin = server.account()
            codes = []
            for _ in range(CODES // 50):
                users = [admin.user()["id"] for _ in range(5)]
                codes += [item["code"] for item in admin.codes(*users, count=10)]
            refusals = set()
            for code, answers in zip(codes, crowd(server, codes)):
                statuses = collections.Counter(status for status, _, _ in answers)
                self.assertEqual(statuses, {201: 1, 400: CLIENTS - 1}, code)
                refusals |= {(without_reference(body), *plain(head)) for status, head, body in answers if status == 400}
            self.assertEqual(len(refusals), 1, "refusals are uniform")
            self.assertEqual(json.loads(next(iter(refusals))[0])["code"], "code-not-redeemable")
            self.assertEqual(len(admin.all("/v1/devices")), CODES, "one code, one device")
            self.assertEqual(len(admin.events('type eq "registration_code.used"')), CODES)
            self.assertEqual(admin.all("/v1/registration-codes", {"status": "open"}), [])

    def test_one_of_64_with_the_same_idempotency_key_is_all_of_them(self):
        with Server(NO_LIMITS) as server:
            admin = server.account()
            codes = [item["code"] for item in admin.codes(admin.user()["id"], count=20)]
            keys = [key()["Idempotency-Key"] for _ in codes]
            for answers in crowd(server, codes, lambda at: f"Idempotency-Key: {keys[at]}\r\n"):
                self.assertEqual({status for status, _, _ in answers}, {201})
                self.assertEqual(len({body for _, _, body in answers}), 1, "a retry is the same redemption")
                self.assertEqual(sum(b"Idempotency-Replayed" in head for _, head, _ in answers), CLIENTS - 1)
            self.assertEqual(len(admin.all("/v1/devices")), len(codes))

    def test_two_steps_among_the_crowd(self):
        """Reserving and redeeming race: one of them has the code."""
        with Server(NO_LIMITS) as server:
            admin, anybody = server.account(), server.client()
            for item in admin.codes(admin.user()["id"], count=20):
                results, barrier = [], threading.Barrier(8)

                def attempt(one_step, code=item["code"], results=results, barrier=barrier):
                    client = server.client()
                    client.get("/healthz")
                    barrier.wait(60)
                    results.append(client.redeem(code) if one_step else client.post("/v1/redeem", {"code": code}))
                threads = [threading.Thread(target=attempt, args=(number % 2 == 0,)) for number in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual(sorted(answer.status for answer in results), [201] + [400] * 7)
                won = next(answer.json for answer in results if answer.status == 201)
                if "activation_ticket" in won:
                    ticket = {"activation_ticket": won["activation_ticket"], "device": {"name": "d", "platform": "p"}}
                    answers = [anybody.post("/v1/devices/activate", ticket) for _ in range(2)]
                    self.assertEqual([answer.status for answer in answers], [201, 400])
            self.assertEqual(len(admin.all("/v1/devices")), 20)

    def test_with_the_default_limits(self):
        with Server() as server:
            admin = server.account()
            codes = [item["code"] for item in admin.codes(admin.user()["id"], count=30)]
            seen = collections.Counter()
            for answers in crowd(server, codes):
                statuses = collections.Counter(status for status, _, _ in answers)
                self.assertLessEqual(set(statuses), {201, 400, 429})
                self.assertLessEqual(statuses[201], 1, "never two")
                seen += statuses
                for status, head, body in answers:
                    if status == 429:
                        wait = int(re.search(rb"(?i)retry-after: *(\d+)", head).group(1))
                        self.assertTrue(1 <= wait <= 60, wait)
                        self.assertEqual(json.loads(body)["code"], "too-many-attempts")
            self.assertEqual(seen[201], 1, "the first crowd's failures shut the source out, for right codes too")
            self.assertEqual(seen[400], 20, "20 failures a minute and source")
            self.assertEqual(seen[429], CLIENTS * 30 - 21)
            late = server.client().redeem(codes[0]).expect(429).json["reference"]
            explained = admin.post("/v1/registration-codes/lookup", {"reference": late}).expect(200).json
            self.assertEqual((explained["reason"], explained["user_id"]), ("too_many_attempts", None))
            # What can't be a code is not counted, and is said even now.
            self.assertEqual(server.client().redeem("no code").expect(400).code, "code-malformed")


class Refusals(unittest.TestCase):
    def test_wrong_used_revoked_reserved_and_blocked_look_alike(self):
        with Server(NO_LIMITS) as server:
            admin, anybody = server.account(), server.client()
            user, disabled = admin.user()["id"], admin.user()["id"]
            used, revoked, reserved, reset = admin.codes(user, count=4)
            [blocked] = admin.codes(disabled)
            anybody.redeem(used["code"]).expect(201)
            anybody.post("/v1/redeem", {"code": reserved["code"]}).expect(201)
            admin.post(f"/v1/registration-codes/{revoked['id']}/revoke").expect(200)
            admin.post(f"/v1/users/{disabled}/disable").expect(200)
            suspended = server.account("Suspended")
            [asleep] = suspended.codes(suspended.user()["id"])
            server.root().patch("/v1/accounts/" + suspended.account, {"status": "suspended"}).expect(200)
            of_nobody = "ZZ" if used["code"][:2] != "ZZ" else "YY"
            connection = Connection(server)
            self.addCleanup(connection.socket.close)
            kinds = {"unknown": used["code"][:2] + "22-2222-2222", "of no account": of_nobody + "22-2222-2222",
                     "used": used["code"], "revoked": revoked["code"], "reserved": reserved["code"],
                     "blocked": blocked["code"], "of a suspended account": asleep["code"]}
            answers = {kind: connection.redeem(code) for kind, code in kinds.items()}
            looks = {(status, without_reference(body), *plain(head)) for status, head, body in answers.values()}
            self.assertEqual(len(looks), 1, answers)
            self.assertEqual(next(iter(looks))[0], 400)
            reasons = [event["outcome"]["reason"] for event in admin.events('type eq "registration_code.redemption_refused"', sort="asc")]
            # Of one source and minute the first has an event; the others are counted (ADR 7), and explained by their reference.
            self.assertEqual(reasons, ["code_unknown"])
            explained = [admin.post("/v1/registration-codes/lookup", {"reference": anybody.redeem(code["code"]).json["reference"]})
                         .expect(200).json["reason"] for code in (used, revoked, reserved, blocked)]
            self.assertEqual(explained, ["code_used", "code_revoked", "code_reserved", "user_disabled"])

    def test_tickets_look_alike(self):
        with Server(NO_LIMITS) as server:
            admin, anybody = server.account(), server.client()
            user = admin.user()["id"]
            device = {"name": "d", "platform": "p"}

            def ticket(code):
                return anybody.post("/v1/redeem", {"code": code["code"]}).expect(201).json["activation_ticket"]
            used, revoked = admin.codes(user, count=2)
            used_ticket, revoked_ticket = ticket(used), ticket(revoked)
            anybody.post("/v1/devices/activate", {"activation_ticket": used_ticket, "device": device}).expect(201)
            admin.post(f"/v1/registration-codes/{revoked['id']}/revoke").expect(200)
            bodies = {without_reference(anybody.post("/v1/devices/activate", {"activation_ticket": each, "device": device})
                                        .expect(400, "ticket-not-redeemable").body) for each in (used_ticket, revoked_ticket)}
            self.assertEqual(len(bodies), 1)


if __name__ == "__main__":
    main()
