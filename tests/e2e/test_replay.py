#!/usr/bin/env python3
"""countersign-replay against what a real server wrote, was killed over, backed up and erased."""
import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

from support import NO_LIMITS, PROGRAMS, REPLAY, Server, environment, main, replay, until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def refused(*arguments, status=1):
    """What it said on standard error."""
    ran = subprocess.run([REPLAY, *arguments], text=True, capture_output=True, timeout=300)
    if ran.returncode != status:
        raise AssertionError(f"exit status {status} was expected of {arguments}: {ran.returncode}: {ran.stdout}{ran.stderr}")
    return ran.stderr


def contents(directory):
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def people(count):
    return "First name,Last name,Email\n" + "".join(f"First{n},Last{n},person-{n}@example.com\n" for n in range(count))


class Replay(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-e2e-"))
        self.addCleanup(shutil.rmtree, self.scratch, True)
        self.server = Server(NO_LIMITS)
        self.addCleanup(self.server.close)
        self.admin = self.server.account("Replay Inc")
        self.data = self.server.data

    def ask(self, subcommand, *arguments):
        return replay(subcommand, "--data-dir", self.data, "--account", self.admin.account, *map(str, arguments))

    def activate(self, user, name="phone"):
        [code] = self.admin.codes(user)
        return code, self.server.client().redeem(code["code"], name).expect(201).json

    def erase(self, user):
        self.admin.post(f"/v1/users/{user}/disable").expect(200)
        self.admin.operation(self.admin.delete("/v1/users/" + user).expect(202).json["operation_id"])

    def checkpoint(self):
        self.admin.get("/v1/log/checkpoint").expect(200)
        return self.admin.get("/v1/log/key").expect(200).json["verifier_key"]

    def test_state_and_difference_at_the_positions_that_the_api_gave(self):
        user = self.admin.user("ada@example.com", first_name="Ada")["id"]
        before = self.admin.get("/v1/users/" + user).headers["Countersign-Position"]
        code, made = self.activate(user)
        after = self.admin.get("/v1/users/" + user).headers["Countersign-Position"]
        revoked = self.admin.post(f"/v1/tokens/{made['token_id']}/revoke").expect(200)
        self.server.kill()
        at = lambda moment, *more: json.loads(self.ask("state", "--at", moment, *more))
        self.assertEqual(at(before)["users"][0]["devices"], [])
        self.assertEqual(at(after, "--device", made["device_id"])["users"][0]["tokens"][0]["active"], True)
        self.assertEqual(at(revoked.headers["Countersign-Position"], "--user", user)["users"][0]["tokens"][0]["active"], False)
        self.assertEqual(at(after)["position"], after)
        changed = json.loads(self.ask("diff", "--from", before, "--to", after))
        self.assertEqual({entry["kind"] for entry in changed["created"]}, {"registration_code", "device", "token", "session"})
        self.assertEqual([event["type"] for event in changed["events"]],
                         ["registration_code.generated", "registration_code.used", "device.activated", "token.issued",
                          "session.started"])
        self.assertIn("lies before", refused("diff", "--data-dir", self.data, "--account", self.admin.account, "--from", after,
                                             "--to", before))
        for wrong in ([], ["--at", "yesterday"], ["--at", after, "--user", "nobody"]):
            refused("state", "--data-dir", self.data, "--account", self.admin.account, *wrong, status=2)
        refused("state", "--account", self.admin.account, "--at", after, status=2)

    def test_why_a_token_is_inactive(self):
        user = self.admin.user()["id"]
        code, made = self.activate(user, "the\u202ephone")
        self.admin.post(f"/v1/registration-codes/{code['id']}/revoke").expect(200)
        self.server.stop()
        why = json.loads(self.ask("explain", "--token", made["token_id"]))
        self.assertEqual([step["event"]["type"] for step in why["because"]],
                         ["token.revoked", "device.revoked", "registration_code.revoked"])
        self.assertIn("by_administrator", why["why"])
        story = self.ask("trace", "--code", code["code"])
        self.assertEqual(story, self.ask("trace", "--code", code["id"]))
        self.assertNotIn(code["code"], story)
        self.assertNotIn("\u202e", story, "what others wrote is escaped")
        self.assertIn("\\u{202e}", story)
        self.assertEqual(len(self.ask("trace", "--user", user, "--json").splitlines()), len(self.ask("trace", "--user", user).splitlines()))
        self.assertIn("registration_code.used", self.ask("trace", "--ip", "127.0.0.1"))
        self.assertIn("no event", refused("trace", "--data-dir", self.data, "--account", self.admin.account, "--ip", "192.0.2.7"))

    def test_a_bundle_convinces_somebody_elsewhere(self):
        user, leaver = self.admin.user("ada@example.com")["id"], self.admin.user("leaver@example.com")["id"]
        code, _ = self.activate(user)
        [still_open] = self.admin.codes(user)
        self.erase(leaver)
        verifier = self.checkpoint()
        self.server.kill()
        before = contents(self.data)
        bundle = self.scratch / "bundle"
        self.ask("export", "--format", "ecs", "--out", bundle, "--bundle")
        self.assertEqual(contents(self.data), before, "nothing was written")
        for path in bundle.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
            self.assertNotIn(still_open["code"].replace("-", "").encode(), path.read_bytes())
        elsewhere = self.scratch / "elsewhere"
        shutil.copytree(bundle, elsewhere)
        shutil.rmtree(self.data)
        said = replay("verify-bundle", elsewhere, "--verifier-key", verifier)
        self.assertIn("the bundle verifies", said)
        self.assertIn("1 without a key: open_registration_code", said)
        self.assertIn("without a key: erased", said)
        self.assertIn("only the bundle itself says", replay("verify-bundle", elsewhere))
        self.assertIn("forged", refused("verify-bundle", elsewhere, "--verifier-key", key_of_somebody_else(verifier)))
        lines = (elsewhere / "bundle.ndjson").read_bytes().splitlines(keepends=True)
        tampered = json.loads(lines[2])
        event = bytearray(base64.b64decode(tampered["event"]))
        event[len(event) // 2] ^= 1
        tampered["event"] = base64.b64encode(event).decode()
        (elsewhere / "bundle.ndjson").write_bytes(b"".join(lines[:2]) + json.dumps(tampered).encode() + b"\n" + b"".join(lines[3:]))
        self.assertIn("its SHA-256 is another one", refused("verify-bundle", elsewhere, "--verifier-key", verifier))
        rewrite_manifest(elsewhere)
        self.assertIn("sequence 3", refused("verify-bundle", elsewhere, "--verifier-key", verifier))

    def test_an_export_that_was_killed_goes_on(self):
        self.admin.import_csv(people(20_000))
        verifier = self.checkpoint()
        self.server.stop()
        out = self.scratch / "out"
        command = ["export", "--data-dir", self.data, "--account", self.admin.account, "--format", "native", "--out", out, "--bundle"]
        kills = 0
        for _ in range(20):
            process = subprocess.Popen([REPLAY, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            until(lambda: (out / "bundle.ndjson").exists() and (out / "bundle.ndjson").stat().st_size > (kills + 1) * 3_000_000 or
                  process.poll() is not None, "the export has begun", timeout=120, pause=0.005)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                kills += 1
            process.communicate()
            if (out / "manifest.json").exists() or kills == 3:
                break
        self.assertGreater(kills, 0, "it was too fast to be killed")
        if not (out / "manifest.json").exists():
            self.assertIn("cut off", refused("verify-bundle", out))
            self.assertIn("another question", refused(*["cef" if word == "native" else word for word in command]))
        self.assertIn("gone on", replay(*command, "--resume"))
        whole = self.scratch / "whole"
        replay(*[whole if word == out else word for word in command])
        for name in ("events.ndjson", "bundle.ndjson"):
            self.assertEqual((out / name).read_bytes(), (whole / name).read_bytes(), name)
        replay("verify-bundle", out, "--verifier-key", verifier)
        self.assertIn("everything was there already", replay(*command))
        self.assertIn("no export that could go on", refused(*[self.scratch / "new" if word == out else word for word in command], "--resume"))

    def test_an_audit_key_opens_one_account(self):
        self.admin.user("ada@example.com")
        other = self.server.account("Other Inc")
        other.user("otto@example.com")
        audit_key = self.scratch / "audit-key"
        cli = [PROGRAMS / "countersign", "--server", f"http://127.0.0.1:{self.server.port}", "--json", "audit-key", "export"]
        keyed = environment({"KEY": self.admin.key}) | {"HOME": str(self.scratch)}
        made = json.loads(subprocess.run([*cli, "--account", self.admin.account, "--out", audit_key], env=keyed, check=True,
                                         capture_output=True, text=True).stdout)
        self.assertNotIn("key", made)
        self.assertEqual(stat.S_IMODE(audit_key.stat().st_mode), 0o600)
        again = subprocess.run([*cli, "--out", audit_key], env=keyed, capture_output=True, text=True)
        self.assertEqual(again.returncode, 1, again.stderr)
        [event] = self.admin.events('type eq "audit_key.exported"')
        self.assertEqual((event["severity"], event["details"]["key_id"]), ("critical", made["key_id"]))
        self.admin.post("/v1/audit-keys", {"account": other.account}).expect(404, "not-found")
        self.admin.post("/v1/audit-keys", {}, headers={"Idempotency-Key": "short"}).expect(400, "invalid-idempotency-key")
        self.admin.api_key("auditor").post("/v1/audit-keys").expect(403)
        backup = self.scratch / "backup"
        self.server.root().post("/v1/backup", {"directory": str(backup)}).expect(201)
        self.server.kill()
        asked = ["--data-dir", backup, "--audit-key", audit_key, "--at", "2100-01-01T00:00:00Z"]
        mine = json.loads(replay("state", "--account", self.admin.account, *asked))
        self.assertEqual([user["email"] for user in mine["users"]], ["ada@example.com"])
        theirs = json.loads(replay("state", "--account", other.account, *asked))
        self.assertNotIn("email", theirs["users"][0])
        said = replay("verify", "--data-dir", backup, "--audit-key", audit_key)
        self.assertIn("not checked: the HMAC", said)
        self.assertIn("what could be checked verifies", said)
        self.assertIn("master key", refused("trace", "--data-dir", backup, "--audit-key", audit_key, "--account", self.admin.account,
                                            "--ip", "127.0.0.1"))

    def test_the_tour_of_the_manual(self):
        [tour] = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/audit.md").read_text("utf-8"), re.M | re.S)
        url = f"http://127.0.0.1:{self.server.port}"
        path = {"PATH": f"{PROGRAMS}:{os.environ['PATH']}", "HOME": str(self.scratch), "COUNTERSIGN_SERVER": url, "LC_ALL": "C.UTF-8"}
        ran = subprocess.run(["bash", "-euo", "pipefail", "-c", tour.replace("http://127.0.0.1:8420", url)], cwd=self.server.scratch,
                             env=path, text=True, capture_output=True, timeout=300)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        for said in ("2 signed heads are heads of this log", "because of device.revoked", "the bundle verifies"):
            self.assertIn(said, ran.stdout)


def key_of_somebody_else(verifier):
    name = verifier.split("+")[0]
    key = bytes([1]) + bytes(range(32))
    hash_ = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    return f"{name}+{hash_.hex()}+{base64.b64encode(key).decode()}"


def rewrite_manifest(bundle):
    """As somebody would who knows what it is for."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    for file in manifest["files"]:
        bytes_ = (bundle / file["name"]).read_bytes()
        file |= {"bytes": len(bytes_), "sha256": hashlib.sha256(bytes_).hexdigest()}
    (bundle / "manifest.json").write_text(json.dumps(manifest))


if __name__ == "__main__":
    main()
