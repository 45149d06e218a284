#!/usr/bin/env python3
"""The Merkle log of an account, checked from outside by an independent verifier (tests/audit, in Go), and what happens when
somebody tampers with log, answers or signed heads."""
import base64
import http.server
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from support import NO_LIMITS, PROGRAMS, REPLAY, Server, ServerTest, environment, go_program, main, replay, verify

LEAF, ENTRY = 51, 53


def audit(*arguments):
    return subprocess.run([go_program("audit"), *map(str, arguments)], text=True, capture_output=True, timeout=300)


def audited(*arguments):
    """What the auditor says of a log that is in order."""
    ran = audit(*arguments)
    if ran.returncode != 0:
        raise AssertionError(f"audit {arguments}: {ran.stderr}")
    return json.loads(ran.stdout) if ran.stdout else None


def refused(*arguments):
    """What the auditor objects to."""
    ran = audit(*arguments)
    if ran.returncode != 1:
        raise AssertionError(f"audit {arguments}: exit status {ran.returncode}: {ran.stdout}{ran.stderr}")
    return ran.stderr


def wrong(data, *arguments):
    """What `countersign-replay verify` objects to."""
    ran = subprocess.run([REPLAY, "verify", "--data-dir", data, *arguments], text=True, capture_output=True, timeout=300)
    if ran.returncode != 1:
        raise AssertionError(f"verify: exit status {ran.returncode}: {ran.stdout}{ran.stderr}")
    return ran.stderr


def people(count, name):
    return "First name,Last name,Email\n" + "".join(f"P,{i},{name}-{i}@example.com\n" for i in range(count))


class Log:
    """An account's log as an auditor of it sees it."""

    def __init__(self, admin, scratch):
        self.admin, self.auditor, self.scratch = admin, admin.api_key("auditor"), scratch
        self.key_file = scratch / "auditor-key"
        self.key_file.write_text(self.auditor.key)
        self.verifier = self.auditor.get("/v1/log/key").expect(200).json["verifier_key"]

    @property
    def access(self):
        return ["-url", f"http://127.0.0.1:{self.admin.server.port}", "-key-file", self.key_file, "-verifier", self.verifier]

    def checkpoint(self, name):
        file = self.scratch / name
        file.write_bytes(self.auditor.get("/v1/log/checkpoint").expect(200).body)
        return file

    def size(self):
        return int(self.auditor.get("/v1/log/checkpoint").expect(200).text.splitlines()[1])


class Audit(ServerTest):
    settings = NO_LIMITS | {"ORIGIN_HOST": "audit.example.com"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.scratch, True)

    def log(self, name):
        scratch = self.scratch / name
        scratch.mkdir()
        return Log(self.server.account(name), scratch)

    def test_an_outsider_verifies_inclusion_and_consistency(self):
        log = self.log("Outside")
        checkpoints = [log.checkpoint("first")]
        for count in (3, 300, 700):
            log.admin.import_csv(people(count, f"person-{count}"))
            checkpoints.append(log.checkpoint(str(count)))
        for old in checkpoints:
            said = audited("log", *log.access, "-old", old)
            self.assertEqual(said["consistent_with"], int(old.read_text().splitlines()[1]))
        self.assertGreater(said["size"], 1000)
        self.assertTrue(log.verifier.startswith(f"audit.example.com/log/{log.admin.account}+"))

    def test_a_checkpoint_covers_what_was_answered(self):
        log = self.log("Covered")
        for _ in range(20):
            user = log.admin.user()["id"]
            event = log.admin.events(f'subject eq "{user}"')[0]
            self.assertGreaterEqual(log.size(), event["sequence"])
        bundle = log.auditor.get(f"/v1/log/entries/000.p/{log.size()}").expect(200).body
        last = bundle[(event["sequence"] - 1) * ENTRY:event["sequence"] * ENTRY]
        self.assertEqual(int.from_bytes(last[3:11], "big"), event["sequence"])

    def test_an_audit_while_others_write(self):
        log = self.log("Busy")
        stop = threading.Event()

        def write():
            client = log.admin.with_key(log.admin.key)
            while not stop.is_set():
                client.user()
        writer = threading.Thread(target=write)
        writer.start()
        try:
            old = log.checkpoint("old")
            for _ in range(3):
                audited("log", *log.access, "-old", old)
        finally:
            stop.set()
            writer.join()

    def test_each_account_has_its_own_log(self):
        log, other = self.log("Mine"), self.log("Theirs")
        other.admin.user()
        self.assertNotEqual(log.checkpoint("c").read_text().splitlines()[0], other.checkpoint("c").read_text().splitlines()[0])
        self.assertIn("audit:", refused("log", *log.access[:-1], other.verifier))
        for path in ("checkpoint", "key", "tile/0/000.p/1", "entries/000.p/1"):
            log.auditor.get(f"/v1/log/{path}", {"account": log.admin.account}).expect(200)
            log.auditor.get(f"/v1/log/{path}", {"account": other.admin.account}).expect(404, "not-found")
            root = self.server.root()
            root.get(f"/v1/log/{path}").expect(200)
            root.get(f"/v1/log/{path}", {"account": "acc_system"}).expect(200)
            root.get(f"/v1/log/{path}", {"account": log.admin.account}).expect(404, "not-found")
            log.auditor.get(f"/v1/log/{path}", {"x": "1"}).expect(400, "invalid-parameter")

    def test_what_is_no_tile_is_not_found(self):
        log = self.log("Tiles")
        size = log.size()
        for path in (f"tile/0/000.p/{size + 1}", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/8/000.p/1", "tile/0/0",
                     "tile/0/000.p/0", "tile/0/000.p/256", "tile/64/000.p/1", "tile/x", "tile/entries", "tile/entries/0",
                     "tile/entries/000", "entries/000", "entries/0/000.p/1", f"entries/000.p/{size + 1}", "entries/x001/000"):
            log.auditor.get("/v1/log/" + path).expect(404, "not-found")
        tile = log.auditor.get(f"/v1/log/tile/0/000.p/{size}").expect(200)
        self.assertEqual((len(tile.body), tile.headers["Content-Type"]), (size * 32, "application/octet-stream"))
        checkpoint = log.auditor.get("/v1/log/checkpoint")
        self.assertEqual(checkpoint.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertTrue(checkpoint.headers["Countersign-Position"])

    def test_answers_that_somebody_changed_are_noticed(self):
        """A stand-in serves what the server has served, but for one change each."""
        log = self.log("Tampered")
        log.admin.import_csv(people(300, "tampered"))
        size = log.size()
        last = size - 256
        paths = ["checkpoint", "tile/0/000", f"tile/0/001.p/{last}", "tile/1/000.p/1", "entries/000", f"entries/001.p/{last}",
                 "tile/entries/000", f"tile/entries/001.p/{last}"]
        true = {"/v1/log/" + path: log.auditor.get("/v1/log/" + path).expect(200).body for path in paths}

        def flipped(body, at):
            return body[:at] + bytes([body[at] ^ 1]) + body[at + 1:]

        def swapped(body, a, b):
            leaves = [body[i:i + ENTRY] for i in range(0, len(body), ENTRY)]
            leaves[a], leaves[b] = leaves[b], leaves[a]
            return b"".join(leaves)

        def renumbered(body):
            """As if the sequences had been made to fit."""
            leaves = [body[i:i + ENTRY] for i in range(0, len(body), ENTRY)]
            return b"".join(leaf[:3] + (i + 1).to_bytes(8, "big") + leaf[11:] for i, leaf in enumerate(leaves))
        changes = {
            "a flipped byte of an event's hash": ("entries/000", lambda body: flipped(body, 60 * ENTRY - 1)),
            "a changed type": ("entries/000", lambda body: flipped(body, 9 * ENTRY + 12)),
            "a changed time": ("entries/000", lambda body: flipped(body, 9 * ENTRY + 20)),
            "a dropped event": ("entries/000", lambda body: body[:7 * ENTRY] + body[8 * ENTRY:]),
            "a dropped event, renumbered": ("entries/000", lambda body: renumbered(body[:7 * ENTRY] + body[8 * ENTRY:] + body[-ENTRY:])),
            "two events in another order": ("entries/000", lambda body: swapped(body, 3, 4)),
            "two events in another order, renumbered": ("entries/000", lambda body: renumbered(swapped(body, 3, 4))),
            "a doubled event": ("entries/000", lambda body: body[:8 * ENTRY] + body[7 * ENTRY:]),
            "a doubled event, renumbered": ("entries/000", lambda body: renumbered((body[:8 * ENTRY] + body[7 * ENTRY:])[:len(body)])),
            "a tail that is gone": (f"entries/001.p/{last}", lambda body: body[:-ENTRY]),
            "a flipped byte of a tile": ("tile/0/000", lambda body: flipped(body, 100)),
            "a flipped byte of a partial tile": (f"tile/0/001.p/{last}", lambda body: flipped(body, 40)),
            "a flipped byte of an upper tile": ("tile/1/000.p/1", lambda body: flipped(body, 4)),
            "another size": ("checkpoint", lambda body: body.replace(b"\n%d\n" % size, b"\n%d\n" % (size - 1))),
            "another root": ("checkpoint", lambda body: body.replace(body.split(b"\n")[2], base64.b64encode(bytes(32)))),
            "another origin": ("checkpoint", lambda body: body.replace(b"audit.example.com/log", b"other.example.com/log")),
            "another signature": ("checkpoint", lambda body: flipped(body, len(body) - 30)),
        }
        served = dict(true)

        class StandIn(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = served.get(urllib.parse.urlsplit(self.path).path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn) as stand_in:
            threading.Thread(target=stand_in.serve_forever, daemon=True).start()
            access = ["-url", f"http://127.0.0.1:{stand_in.server_port}", *log.access[2:]]
            self.assertEqual(audited("log", *access)["size"], size)
            for what, (path, change) in changes.items():
                served = dict(true)
                for also in (path, "tile/" + path) if path.startswith("entries") else (path,):
                    served["/v1/log/" + also] = change(true["/v1/log/" + also])
                    self.assertNotEqual(served["/v1/log/" + also], true["/v1/log/" + also], what)
                with self.subTest(what):
                    self.assertIn("audit:", refused("log", *access))
            stand_in.shutdown()


class Restarts(unittest.TestCase):
    """Each with a server of its own, because it is stopped or its files are changed."""

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-e2e-"))
        self.addCleanup(shutil.rmtree, self.scratch, True)
        self.server = Server(NO_LIMITS)
        self.addCleanup(self.server.close)
        self.log = Log(self.server.account("Restart Inc"), self.scratch)
        self.log.admin.import_csv(people(300, "person"))

    def contradiction(self):
        answer = self.log.auditor.get("/v1/log/checkpoint").expect(500, "log-contradicts-signature").json["detail"]
        [merkle] = [item for item in self.log.admin.get("/v1/projections").json["items"] if item["name"] == "merkle"]
        self.assertEqual(merkle["status"], "contradicts-signature")
        self.assertIn(merkle["last_error"], answer)
        self.assertIn("signed no more", self.server.said())
        return answer

    def test_a_log_goes_on_after_a_kill_with_its_tiles_or_without(self):
        old = self.log.checkpoint("old")
        for lost in (False, True):
            self.log.admin.user()
            self.server.kill()
            if lost:
                shutil.rmtree(self.server.data / "merkle")
            self.server.start()
            self.log.admin.user()
            audited("log", *self.log.access, "-old", old)
            old = self.log.checkpoint("old")
        self.server.stop()
        self.assertIn("1 signed heads are heads of this log", replay("verify", "--data-dir", self.server.data))
        verify(self.server.data)

    def test_an_older_copy_of_the_log_is_signed_no_more(self):
        self.server.stop()
        older = self.scratch / "older"
        shutil.copytree(self.server.data, older)
        self.server.start()
        self.log.admin.import_csv(people(20, "later"))
        kept = self.log.checkpoint("kept")
        self.server.stop()
        for part in ("log", "views"):
            shutil.rmtree(self.server.data / part)
            shutil.copytree(older / part, self.server.data / part)
        self.server.start()
        self.assertIn("events, but", self.contradiction())
        self.log.admin.import_csv(people(40, "instead"))
        self.contradiction()
        self.server.restart()
        self.assertIn("is not the one that was signed", self.contradiction())
        self.server.stop()
        self.assertIn("is not the one that was signed", wrong(self.server.data))
        shutil.rmtree(self.server.data / "heads")
        verify(self.server.data)
        self.assertIn("is not the one that was signed", wrong(self.server.data, "--checkpoint", kept))
        self.assertIn("is gone", wrong(older, "--checkpoint", kept))

    def test_a_forged_checkpoint_is_named(self):
        kept = self.log.checkpoint("kept")
        self.server.stop()
        replay("verify", "--data-dir", self.server.data, "--checkpoint", kept)
        text = kept.read_text()
        for what, forged in {"another size": text.replace(text.split("\n")[1], "7", 1),
                             "no note": "nonsense", "empty": "",
                             "another account": text.replace(self.log.admin.account, "acc_system")}.items():
            kept.write_text(forged)
            with self.subTest(what):
                self.assertIn("the checkpoint " + str(kept), wrong(self.server.data, "--checkpoint", kept))
        [head] = (self.server.data / "heads" / self.log.admin.account).iterdir()
        head.write_text(head.read_text().replace("\n" + text.split("\n")[1] + "\n", "\n7\n"))
        self.assertIn("is not signed by the key that it names", wrong(self.server.data))
        self.server.start()
        self.assertIn(str(head), self.contradiction())

    def test_proofs_convince_the_outsider(self):
        checkpoint = self.log.checkpoint("kept").read_text()
        self.server.stop()
        size = int(checkpoint.split("\n")[1])
        file = self.scratch / "proof"

        def proof(*arguments):
            file.write_text(replay("prove", "--data-dir", self.server.data, "--account", self.log.admin.account, *map(str, arguments)))
            audited("proof", "-verifier", self.log.verifier, "-proof", file)
            return json.loads(file.read_text())
        for sequence in (1, 2, 255, 256, 257, size):
            self.assertEqual(proof("--sequence", sequence)["checkpoint"], checkpoint)
            self.assertEqual(proof("--sequence", 1, "--size", sequence)["size"], sequence)
            self.assertEqual(proof("--from", sequence)["checkpoint"], checkpoint)
        made = proof("--from", 100, "--to", 200)
        self.assertNotIn("checkpoint", made)
        made["proof"][0] = made["root"]
        file.write_text(json.dumps(made))
        refused("proof", "-verifier", self.log.verifier, "-proof", file)
        for arguments, said in ((["--sequence", size + 1], "has"), (["--from", 9, "--to", 8], "nothing is proven"),
                                (["--from", 1, "--to", size + 1000], "has")):
            ran = subprocess.run([REPLAY, "prove", "--data-dir", self.server.data, "--account", self.log.admin.account,
                                  *map(str, arguments)], capture_output=True, text=True)
            self.assertEqual(ran.returncode, 1, ran.stdout)
            self.assertIn(said, ran.stderr)
        for arguments in ([], ["--sequence", "1", "--from", "2"], ["--size", "3"], ["--sequence", "1", "--to", "3"]):
            ran = subprocess.run([REPLAY, "prove", "--data-dir", self.server.data, "--account", self.log.admin.account, *arguments],
                                 capture_output=True, text=True)
            self.assertEqual(ran.returncode, 2, ran.stderr)

    def test_a_new_signing_key_goes_on_where_the_old_one_ended(self):
        old, old_verifier, old_size = self.log.checkpoint("old"), self.log.verifier, self.log.size()

        def rotate():
            return subprocess.run([PROGRAMS / "countersign-keys", "rotate-signing", "--data-dir", self.server.data],
                                  env=environment({}), capture_output=True, text=True)
        self.assertIn("in use", rotate().stderr)
        self.server.stop()
        self.assertEqual(rotate().returncode, 0)
        self.server.start()
        self.log.admin.user()
        keys = self.log.auditor.get("/v1/log/key").expect(200).json
        self.assertNotEqual(keys["verifier_key"], old_verifier)
        self.assertEqual([(key["verifier_key"], key["signed_size"]) for key in keys["former"]], [(old_verifier, old_size)])
        self.assertIn("audit:", refused("log", *self.log.access))
        self.log.verifier = keys["verifier_key"]
        audited("log", *self.log.access, "-old", old, "-old-verifier", old_verifier)
        self.server.stop()
        subprocess.run([PROGRAMS / "countersign-keys", "rotate-master", "--data-dir", self.server.data, "--new-master-key-file",
                        self.scratch / "master"], env=environment({}), check=True, capture_output=True)
        said = replay("verify", "--data-dir", self.server.data, "--master-key-file", self.scratch / "master", "--checkpoint", old)
        self.assertIn("3 signed heads are heads of this log", said)

    def test_a_backup_knows_what_was_signed(self):
        self.log.checkpoint("kept")
        backup = self.scratch / "backup"
        self.server.root().post("/v1/backup", {"directory": str(backup)}).expect(201)
        shutil.copy(self.server.data / "master-key", backup / "master-key")
        self.assertIn("1 signed heads are heads of this log", replay("verify", "--data-dir", backup))
        restored = Server(NO_LIMITS, start=False)
        self.addCleanup(restored.close)
        restored.data.mkdir(mode=0o700)
        shutil.copy(self.server.data / "master-key", restored.data / "master-key")
        restored.start(["--restore", str(backup)])
        self.log.admin.server = restored
        self.log.admin.user()
        audited("log", *self.log.access, "-old", self.scratch / "kept")


if __name__ == "__main__":
    main()
