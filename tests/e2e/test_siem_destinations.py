#!/usr/bin/env python3
"""SIEM destinations from edge to edge, with a webhook over loopback: the API, the command line, and that every event
arrives, in order, through everything that a network and a server may suffer."""
import base64
import json
import pathlib
import re
import shutil
import subprocess
import threading
import time
import unittest

from receivers import Webhook, free_port
from support import Server, ServerTest, key, main, until, verify

PATH = "/v1/siem-destinations"
LOOPBACK = {"EGRESS_ALLOW": "127.0.0.1,::1"}


def webhook_of(receiver, **fields):
    return {"name": "Our SIEM", "protocol": "webhook", "url": receiver.url} | fields


def expect_whole(test, events, received):
    """Every event came, each for the first time in order, and repeats are the same events with the same ids."""
    ids = {}
    for event in received:
        known = ids.setdefault(event["sequence"], event["id"])
        test.assertEqual(known, event["id"], "a repeat has its first one's id")
    test.assertEqual(list(ids.items()), [(event["sequence"], event["id"]) for event in events])


class Destinations(ServerTest):
    settings = LOOPBACK

    def setUp(self):
        self.receiver = Webhook()
        self.addCleanup(self.receiver.stop)
        self.admin = self.server.account("Pushed Inc")

    def create(self, status=201, **fields):
        made = self.admin.post(PATH, webhook_of(self.receiver, **fields)).expect(status).json
        if status == 201:
            self.receiver.secret = made["signing_secret"]
        return made

    def caught_up(self, id):
        return until(lambda: (lambda d: d if d["status"]["lag_events"] == 0 else None)(self.admin.get(f"{PATH}/{id}").json),
                     "the destination has everything")

    def test_what_is_created_is_shown_without_its_secrets(self):
        answer = self.admin.post(PATH, webhook_of(self.receiver, filter='severity eq "high"', format="ocsf"))
        made = answer.expect(201).json
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(answer.headers["ETag"], '"v1"')
        secret = made.pop("signing_secret")
        self.assertEqual(len(base64.b64decode(secret.removeprefix("whsec_"))), 32)
        self.assertEqual((made["name"], made["protocol"], made["format"], made["guarantee"], made["rewind_window"]),
                         ("Our SIEM", "webhook", "ocsf", "at_least_once", None))
        self.assertIn("same", made["promise"])
        shown = self.admin.get(f"{PATH}/{made['id']}").expect(200)
        self.assertEqual(shown.headers["ETag"], '"v1"')
        self.assertEqual({**shown.json, "status": None}, {**made, "status": None})
        listed = self.admin.all(PATH)
        self.assertEqual([each["id"] for each in listed], [made["id"]])
        everything = json.dumps([shown.json, listed, self.admin.events()]) + self.server.said()
        for hidden in (secret, secret.removeprefix("whsec_")):
            self.assertNotIn(hidden, everything)
        self.assertNotIn("in-the-path", json.dumps(self.admin.events()), "a URL's path may be a secret")
        raw = base64.b64decode(secret.removeprefix("whsec_"))
        for file in self.server.data.rglob("*"):
            if file.is_file():
                self.assertNotIn(raw, file.read_bytes(), file)

    def test_a_secret_of_ones_own_is_taken(self):
        own = "whsec_" + base64.b64encode(b"x" * 24).decode()
        made = self.create(signing_secret=own)
        self.assertEqual(made["signing_secret"], own)
        until(self.receiver.received, "events signed with it")
        self.assertEqual(self.receiver.wrong, [])

    def test_a_retry_gets_the_first_answer(self):
        retry = key()
        first = self.admin.post(PATH, webhook_of(self.receiver), headers=retry).expect(201)
        again = self.admin.post(PATH, webhook_of(self.receiver), headers=retry).expect(201)
        self.assertEqual(again.json["signing_secret"], first.json["signing_secret"])
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertEqual(len(self.admin.all(PATH)), 1)
        self.admin.delete(f"{PATH}/{first.json['id']}").expect(204)
        self.admin.post(PATH, webhook_of(self.receiver), headers=retry).expect(409, "answer-withdrawn")
        self.admin.post(PATH, webhook_of(self.receiver), headers={"Idempotency-Key": "short"}).expect(400)

    def test_what_cant_be_is_refused(self):
        def refused(status, pointer, **fields):
            body = {name: value for name, value in ({"name": "x", "protocol": "relp", "host": "siem.example.com"} | fields).items()
                    if value is not ...}
            answer = self.admin.post(PATH, body).expect(status, "malformed-fields" if status == 400 else "invalid-fields")
            self.assertIn(pointer, [error["pointer"] for error in answer.json["errors"]], fields)
            return answer.json["errors"][0]["detail"]
        refused(400, "/name", name=...)
        refused(400, "/protocol", protocol=...)
        refused(400, "/name", name=5)
        refused(400, "/unheard_of", unheard_of=1)
        refused(400, "/from", **{"from": {}})
        refused(422, "/name", name="  ")
        refused(422, "/name", name="x" * 201)
        refused(422, "/protocol", protocol="carrier pigeon")
        refused(422, "/format", format="xml")
        refused(422, "/host", host="no host")
        refused(422, "/port", port=70000)
        refused(422, "/filter", filter="type eq")
        refused(422, "/filter", filter="x" * 5000)
        refused(422, "/url", url="https://x.example/")
        refused(422, "/url", protocol="webhook", host=..., url="ftp://x.example/")
        refused(422, "/signing_secret", protocol="webhook", host=..., url="https://x.example/", signing_secret="whsec_c2hvcnQ=")
        refused(422, "/signing_secret", signing_secret="whsec_" + base64.b64encode(b"x" * 24).decode())
        refused(422, "/client_key", protocol="syslog_tls", client_certificate="nonsense")
        refused(422, "/authorities", protocol="syslog_tls", authorities="nonsense")
        refused(422, "/from", **{"from": "yesterday"})
        refused(422, "/from", **{"from": 0})
        for host in ("10.1.2.3", "169.254.169.254", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0"):
            self.assertIn("egress.allow", refused(422, "/host", host=host))
        for host in ("10.1.2.3", "[fd00::1]:8443", "169.254.169.254"):
            self.assertIn("egress.allow", refused(422, "/url", protocol="webhook", host=..., url=f"https://{host}/x"))
        self.assertEqual(self.admin.all(PATH), [])

    def test_an_account_has_twenty_at_most(self):
        for number in range(20):
            self.admin.post(PATH, {"name": str(number), "protocol": "syslog_udp", "host": "127.0.0.1", "port": free_port()}).expect(201)
        self.create(409)
        [first, *_] = self.admin.all(PATH, {"limit": "7"})
        self.admin.delete(f"{PATH}/{first['id']}").expect(204)
        self.create()

    def test_a_change_knows_what_it_changes(self):
        made = self.create()
        one = f"{PATH}/{made['id']}"
        self.admin.patch(one, {"name": "Other"}, headers={"If-Match": '"v7"'}).expect(412, "version-mismatch")
        changed = self.admin.patch(one, {"name": "Other", "filter": 'type sw "user."'}, headers={"If-Match": '"v1"'}).expect(200)
        self.assertEqual((changed.json["name"], changed.json["filter"], changed.headers["ETag"]), ("Other", 'type sw "user."', '"v2"'))
        self.assertEqual(self.admin.patch(one, {"name": "Other"}).expect(200).json["version"], 2, "nothing changed")
        self.admin.patch(one, {"protocol": "relp"}).expect(400, "malformed-fields")
        self.admin.patch(one, {"url": None}).expect(422, "invalid-fields")
        self.assertIsNone(self.admin.patch(one, {"filter": None}).expect(200).json["filter"])
        fresh = "whsec_" + base64.b64encode(b"y" * 32).decode()
        answer = self.admin.patch(one, {"signing_secret": fresh}).expect(200)
        self.assertNotIn("signing_secret", answer.json)
        self.caught_up(made["id"])
        with self.receiver.lock:
            self.receiver.secret, self.receiver.wrong = fresh, []
        self.admin.user()
        self.caught_up(made["id"])
        self.assertEqual(self.receiver.wrong, [])
        self.admin.patch(f"{PATH}/dst_{'0' * 26}", {}).expect(404)

    def test_only_administrators_change_and_auditors_look(self):
        made = self.create()
        auditor = self.admin.api_key("auditor")
        auditor.get(f"{PATH}/{made['id']}").expect(200)
        self.assertEqual(len(auditor.all(PATH)), 1)
        auditor.post(f"{PATH}/{made['id']}/pause").expect(403, "forbidden")
        self.server.account("Another Inc").get(f"{PATH}/{made['id']}").expect(404, "not-found")

    def test_a_test_says_what_came_of_it(self):
        made = self.create()
        one = f"{PATH}/{made['id']}"
        tested = self.admin.post(one + "/test").expect(200).json
        self.assertEqual((tested["delivered"], tested["error"], tested["guarantee"]), (True, None, "at_least_once"))
        [notice] = self.receiver.notices("siem_destination.test")
        self.assertNotIn("sequence", notice)
        self.receiver.answer = 403
        tested = self.admin.post(one + "/test").expect(200).json
        self.assertFalse(tested["delivered"])
        self.assertIn("403", tested["error"])
        other = self.admin.post(PATH, {"name": "x", "protocol": "relp", "host": "localhost", "port": free_port()}).expect(201).json
        tested = self.admin.post(f"{PATH}/{other['id']}/test").expect(200).json
        self.assertEqual((tested["delivered"], bool(tested["error"])), (False, True))

    def test_pause_resume_replay_delete(self):
        made = self.create()
        one = f"{PATH}/{made['id']}"
        self.caught_up(made["id"])
        self.assertEqual(self.admin.post(one + "/pause").expect(200).json["status"]["state"], "paused")
        before = [event["sequence"] for event in self.receiver.received()]
        for _ in range(5):
            self.admin.user()
        self.assertEqual(self.admin.get(one).json["status"]["state"], "paused")
        self.admin.post(one + "/resume").expect(200)
        self.caught_up(made["id"])
        after = [event["sequence"] for event in self.receiver.received()]
        self.assertEqual(after, list(range(before[0], after[-1] + 1)))

        def replayed(point, first):
            already = len(self.receiver.received())
            answer = self.admin.post(one + "/replay", {"from": point}).expect(200).json
            self.assertGreaterEqual(answer["status"]["sequence"], first - 1)
            self.caught_up(made["id"])
            sequences = [event["sequence"] for event in self.receiver.received()[already:]]
            begin = sequences.index(first)
            self.assertEqual(sequences[begin:], list(range(first, sequences[-1] + 1)), point)
        replayed("beginning", 1)
        replayed(5, 5)
        third = self.admin.events('sequence eq 3')[0]
        replayed(third["time"], next(e["sequence"] for e in self.admin.events(sort="asc") if e["time"] >= third["time"]))
        fourth = next(e for e in self.admin.events('sequence eq 4'))
        self.admin.post(one + "/replay", {"from": fourth["position"]}).expect(200)
        self.caught_up(made["id"])
        self.admin.post(one + "/replay", {}).expect(400, "malformed-fields")
        self.admin.post(one + "/replay", {"from": "nowhere"}).expect(422, "invalid-fields")
        self.admin.delete(one).expect(204)
        self.admin.get(one).expect(404)
        self.admin.delete(one).expect(404)
        shown = len(self.receiver.received())
        self.admin.user()
        self.assertEqual(len(self.receiver.received()), shown)

    def test_it_can_begin_with_the_first_event(self):
        self.caught_up(self.create(**{"from": "beginning"})["id"])
        expect_whole(self, self.admin.events(sort="asc"), self.receiver.received())

    def test_projections_and_metrics_show_it(self):
        made = self.create()
        self.caught_up(made["id"])

        def shown():
            [item] = [item for item in self.admin.get("/v1/projections").json["items"] if item["name"] == "siem_destination"]
            return item if item["lag_events"] == 0 else None
        item = until(shown, "the projection")
        self.assertEqual((item["destination_id"], item["status"], item["last_error"]), (made["id"], "current", None))
        other = self.server.account("Nobody's Inc")
        self.assertEqual([i for i in other.get("/v1/projections").json["items"] if i["name"] == "siem_destination"], [])
        metrics = self.server.client().get("/metrics").expect(200).text
        for name in ("lag_events", "delivered_total", "failures_total", "last_success_seconds"):
            self.assertRegex(metrics, rf'countersign_siem_{name}{{destination="{made["id"]}"}} [0-9.e+]+')
        self.admin.delete(f"{PATH}/{made['id']}").expect(204)
        until(lambda: made["id"] not in self.server.client().get("/metrics").text, "no metrics of a deleted one")

    def test_checkpoints_are_sent_unless_they_are_not_wanted(self):
        self.caught_up(self.create(checkpoints=False)["id"])
        other = Webhook()
        self.addCleanup(other.stop)
        self.admin.post(PATH, webhook_of(other)).expect(201)
        [notice] = until(lambda: other.notices("log.checkpoint"), "a checkpoint")
        self.assertTrue(notice["checkpoint"].startswith(f"countersign.local/log/{self.admin.account}\n{notice['size']}\n"))
        self.assertNotIn("sequence", notice)
        self.assertEqual(self.receiver.notices("log.checkpoint"), [])

    def test_the_stream_has_checkpoints_when_they_are_asked_for(self):
        siem = self.admin.api_key("siem")
        for accept, looks in (("text/event-stream", b"event: checkpoint\n"), ("application/x-ndjson", b'"type":"log.checkpoint"')):
            connection = subprocess.Popen(
                ["curl", "-sN", "-H", "Authorization: Bearer " + siem.key, "-H", "Accept: " + accept,
                 f"http://127.0.0.1:{self.server.port}/v1/events/stream?checkpoints=true"], stdout=subprocess.PIPE)
            self.addCleanup(connection.wait)
            self.addCleanup(connection.kill)
            self.addCleanup(connection.stdout.close)
            line = b""
            while looks not in line:
                line = connection.stdout.readline()
                self.assertTrue(line, "the stream ended")
            if accept == "text/event-stream":
                self.assertIn("checkpoint", json.loads(connection.stdout.readline().removeprefix(b"data: ")))
            else:
                self.assertNotIn("cursor", json.loads(line))
        self.admin.get("/v1/events/stream?checkpoints=perhaps").expect(400, "invalid-parameter")

    def test_the_command_line(self):
        secret = pathlib.Path(self.server.scratch) / "secret"
        secret.write_text("whsec_" + base64.b64encode(b"z" * 32).decode() + "\n")
        siem = ("siem-destinations",)
        made = json.loads(self.countersign("--json", *siem, "create", "From the shell", "--protocol", "webhook", "--url",
                                           self.receiver.url, "--signing-secret-file", str(secret), "--from", "beginning"))
        self.assertEqual(made["signing_secret"], secret.read_text().strip())
        id = made["id"]
        self.caught_up(id)
        table = self.countersign(*siem, "list")
        self.assertTrue(re.search(rf"{id}\tFrom the shell\twebhook\tnative\tat_least_once\tactive\t0\t", table), table)
        self.assertIn(id, json.loads(self.countersign("--json", *siem, "list"))["id"])
        self.assertIn("at_least_once", self.countersign(*siem, "show", id))
        self.assertIn("renamed", self.countersign(*siem, "update", id, "--name", "renamed", "--if-version", "1"))
        self.countersign(*siem, "update", id, "--name", "again", "--if-version", "1", status=1)
        self.countersign(*siem, "update", id, status=2)
        self.countersign(*siem, "test", id)
        self.receiver.answer = 500
        self.countersign(*siem, "test", id, status=1)
        self.receiver.answer = 200
        self.assertIn("paused", self.countersign(*siem, "pause", id))
        self.countersign(*siem, "resume", id)
        self.countersign(*siem, "replay", id, "--from", "1")
        self.assertIn("deleted", self.countersign(*siem, "delete", id))
        self.assertEqual(self.admin.all(PATH), [])
        self.countersign(*siem, "create", "x", "--protocol", "relp", "--host", "10.0.0.1", status=1)


class Hardship(unittest.TestCase):
    """Everything that may happen between the log and a receiver, while events go on."""

    def test_every_event_arrives_in_order_whatever_happens(self):
        receiver = Webhook()
        self.addCleanup(receiver.stop)
        server = self.enterContext(Server(LOOPBACK)) if hasattr(self, "enterContext") else Server(LOOPBACK)
        self.addCleanup(server.close)
        admin = server.account("Hardship Inc")
        made = admin.post(PATH, webhook_of(receiver, checkpoints=False)).expect(201).json
        receiver.secret = made["signing_secret"]
        one = f"{PATH}/{made['id']}"

        def more(count=30):
            for _ in range(count):
                admin.user()

        def state():
            return admin.get(one).expect(200).json["status"]
        more()
        for trouble in (500, 429, 503, "hang"):
            receiver.retry_after = 1 if trouble == 429 else None
            already = len(receiver.requests)
            receiver.answer = trouble
            more()
            until(lambda: len(receiver.requests) > already, f"it is tried although the answer is {trouble}")
            if trouble != "hang":
                until(lambda: state()["state"] == "failing", "the status says so")
                self.assertIn(str(trouble), state()["last_error"])
                self.assertTrue(state()["next_attempt_at"])
            receiver.answer = 200
            receiver.release()
        receiver.stop()
        more()
        until(lambda: state()["state"] == "failing", "a receiver that is gone")
        receiver.start()
        until(lambda: (state()["lag_events"], state()["state"]) == (0, "active"), "it has caught up", timeout=120)
        self.assertIsNone(state()["last_error"])

        stop = threading.Event()

        def always():
            while not stop.is_set():
                try:
                    admin.with_key(admin.key).user()
                except (OSError, AssertionError):
                    time.sleep(0.05)  # while the server is away
        working = threading.Thread(target=always)
        working.start()
        try:
            for _ in range(3):
                seen = len(receiver.received())
                until(lambda: len(receiver.received()) > seen + 20, "events go on")
                server.kill()
                server.start()
        finally:
            stop.set()
            working.join()
        receiver.answer = 500
        more(5)
        server.kill()
        receiver.answer = 200
        server.start()
        until(lambda: state()["delivered"] > 0, "it goes on")  # or there would be nothing to report
        server.restart()  # in order, too
        until(lambda: state()["lag_events"] == 0, "it has caught up in the end", timeout=120)
        events = [event for event in admin.events(sort="asc") if event["sequence"] >= receiver.received()[0]["sequence"]]
        self.assertEqual(events[0]["type"], "siem_destination.created")
        expect_whole(self, events, receiver.received()[:])
        self.assertEqual(receiver.wrong, [], "every request is signed")
        self.assertTrue(any(event["type"] == "siem_destination.exported" for event in events))
        server.stop()
        verify(server.data)

    def test_a_restored_backup_goes_on_with_the_same_secret(self):
        receiver = Webhook()
        self.addCleanup(receiver.stop)
        server = Server(LOOPBACK)
        self.addCleanup(server.close)
        admin = server.account("Restored Inc")
        made = admin.post(PATH, webhook_of(receiver, checkpoints=False)).expect(201).json
        receiver.secret = made["signing_secret"]
        gone = admin.post(PATH, {"name": "gone", "protocol": "syslog_udp", "host": "127.0.0.1", "port": free_port()}).expect(201).json
        backup = server.scratch / "backup"
        server.root().post("/v1/backup", {"directory": str(backup)}).expect(201)
        admin.delete(f"{PATH}/{gone['id']}").expect(204)
        server.stop()
        restored = Server(LOOPBACK, start=False)
        self.addCleanup(restored.close)
        restored.data.mkdir(mode=0o700)
        for secret in ("master-key", "root-key"):
            shutil.copy(server.data / secret, restored.data / secret)
        restored.start(["--restore", str(backup)])
        admin = restored.client(admin.key)
        self.assertEqual(len(admin.all(PATH)), 2)
        user = admin.user()["id"]
        until(lambda: any(event["subject"]["id"] == user for event in receiver.received()), "events go on")
        self.assertEqual(receiver.wrong, [])
        admin.delete(f"{PATH}/{gone['id']}").expect(204)

    def test_a_lost_cursor_loses_no_event(self):
        receiver = Webhook()
        self.addCleanup(receiver.stop)
        server = Server(LOOPBACK)
        self.addCleanup(server.close)
        admin = server.account("Cursor Inc")
        made = admin.post(PATH, webhook_of(receiver, checkpoints=False)).expect(201).json
        receiver.secret = made["signing_secret"]

        def lag():
            return admin.get(f"{PATH}/{made['id']}").expect(200).json["status"]["lag_events"]
        for _ in range(20):
            admin.user()
        until(lambda: lag() == 0, "all has been sent")
        server.kill()
        for file in (server.data / "exports").iterdir():
            file.unlink()
        server.start()
        until(lambda: lag() == 0 and len(receiver.received()) >= 42, "it was sent again")
        events = [event for event in admin.events(sort="asc") if event["sequence"] >= receiver.received()[0]["sequence"]]
        expect_whole(self, events, receiver.received())


if __name__ == "__main__":
    main()
