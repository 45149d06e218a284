#!/usr/bin/env python3
"""What a server must survive: broken requests, slow and many clients, wrong settings and files. Each a clear error."""
import os
import pathlib
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from support import SERVER, NotStarted, Server, ServerTest, environment, main, raw, until


class Requests(ServerTest):
    settings = {"LIMITS_HEADER_TIMEOUT_MS": "1500", "LIMITS_BODY_IDLE_TIMEOUT_MS": "1500"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account()
        cls.user = cls.admin.user("somebody@example.com")["id"]

    def tearDown(self):
        self.assertTrue(self.server.running(), "the server lives on")
        self.server.client().get("/readyz").expect(200)

    def users(self, body, type="application/json"):
        return self.admin.post("/v1/users", body, type=type)

    def test_malformed_json(self):
        for body in ("", "{", "[", '"', "nul", "{'a':1}", '{"email":"a@example.com",}', '{"email":}', "{} {}", '{"a":1}x',
                     '{"email":"\\x"}', '{"email":"a\nb"}', '{"email":"\\ud800"}', "// x\n{}", "NaN", '{"a":01}', "\ufeff{}x"):
            answer = self.users(body)
            self.assertEqual(answer.status, 400, (body, answer))
            self.assertIn(answer.code, ("malformed-json", "malformed-fields"), body)
        for body in ("[]", "null", "1", '"x"', "true"):
            self.assertEqual(self.users(body).status, 400, body)

    def test_deep_nesting(self):
        for depth in (100, 5000, 150_000):
            self.users("[" * depth).expect(400)
            self.users('{"a":' * depth + "1" + "}" * depth).expect(400)
            self.users('{"attributes":' + "[" * depth + "]" * depth + "}").expect(400)

    def test_invalid_utf_8(self):
        for wrong in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80", b"\xe2\x82"):
            body = b'{"last_name":"' + wrong + b'","email":"utf@example.com"}'
            answer = self.users(body)
            self.assertEqual(answer.status, 400, wrong)
        answer = self.admin.get("/v1/users?q=%ff%fe")
        self.assertIn(answer.status, (200, 400))
        self.assertEqual(self.admin.get("/v1/users?q=%zz").status, 400)
        self.assertEqual(self.admin.get("/v1/users/%zz").status, 400)

    def test_wrong_types_unknown_fields_and_wrong_values(self):
        good = {"first_name": "A", "email": "types@example.com"}
        for wrong in ({"email": 5}, {"email": None}, {"email": ["a@example.com"]}, {"first_name": {}}, {"mfa_configured": "yes"},
                      {"mfa_configured": 1}, {"attributes": []}, {"attributes": {"a": 1}}, {"nickname": "A"}, {"id": "usr_1"}):
            answer = self.users(good | wrong).expect(400, "malformed-fields")
            pointer = "/" + next(iter(wrong))
            self.assertTrue(any(error["pointer"].startswith(pointer) for error in answer.json["errors"]), answer)
        self.users({"first_name": "A"}).expect(400, "malformed-fields")
        for wrong in ({"email": "not an address"}, {"email": "a@"}, {"email": "a" * 300 + "@example.com"}, {"first_name": "x" * 201},
                      {"first_name": "", "last_name": " "}, {"first_name": "a\u0000b"}, {"first_name": "a\u0007"}, {"login_name": "x" * 300}):
            answer = self.users(good | wrong).expect(422, "invalid-fields")
            self.assertTrue(answer.json["errors"][0]["detail"], answer)
        several = self.users({"email": "wrong", "first_name": "x" * 300, "last_name": "y" * 300}).expect(422)
        self.assertEqual({error["pointer"] for error in several.json["errors"]}, {"/email", "/first_name", "/last_name"}, "all of them")
        for body in ({"user_ids": []}, {"user_ids": [self.user, self.user]}, {"user_ids": ["x"]}, {"user_ids": [self.user], "codes_per_user": 0},
                     {"user_ids": [self.user], "codes_per_user": 201}):
            self.admin.post("/v1/registration-codes", body).expect(422, "invalid-fields")
        for body in ({"user_ids": self.user}, {"user_ids": [1]}, {"user_ids": [self.user], "codes_per_user": 1.5},
                     {"user_ids": [self.user], "codes_per_user": 1e99}, {}):
            self.admin.post("/v1/registration-codes", body).expect(400)
        self.admin.post("/v1/registration-codes", {"user_ids": [self.user] * 501}).expect(422)
        self.admin.post("/v1/users/reset", {"user_ids": [self.user] * 501}).expect(422)
        self.admin.post("/v1/users/reset", {"user_ids": [self.user] * 500}).expect(200)
        self.admin.post("/v1/api-keys", {"name": "x", "role": "root"}).expect(422)
        self.assertEqual(len(self.admin.get("/v1/users", {"email": "types@example.com"}).json["items"]), 0, "nothing of it landed")

    def test_duplicate_names(self):
        self.users('{"first_name":"A","email":"one@example.com","email":"two@example.com"}').expect(400)

    def test_huge_bodies(self):
        self.users(b'{"last_name":"' + b"x" * (1 << 20) + b'"}').expect(413, "body-too-large")
        head = f"POST /v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.admin.key}\r\nContent-Type: application/json\r\n"
        # Refused by its length, before a byte of it has come.
        for length in (2 << 20, 1 << 62, (1 << 64) - 1):
            got = raw(self.server, (head + f"Content-Length: {length}\r\n\r\n").encode(), 10)
            self.assertIn(b" 413 ", got.split(b"\r\n")[0])
        for length in ("-1", "x", "1 2", "99999999999999999999999", "+5", "0x10"):
            got = raw(self.server, (head + f"Content-Length: {length}\r\n\r\n").encode(), 10)
            self.assertRegex(got, rb"^HTTP/1.1 4(00|13) ", length)
        chunked = (head + "Transfer-Encoding: chunked\r\n\r\n").encode() + (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 17 + b"0\r\n\r\n"
        self.assertIn(b" 413 ", raw(self.server, chunked, 10).split(b"\r\n")[0])
        both = (head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n").encode()
        self.assertIn(b" 400 ", raw(self.server, both, 10).split(b"\r\n")[0], "the way to smuggle a request")
        twice = (head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ").encode()
        self.assertIn(b" 400 ", raw(self.server, twice, 10).split(b"\r\n")[0])

    def test_huge_headers(self):
        self.assertRegex(raw(self.server, b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 10), rb"^HTTP/1.1 414 ")
        self.assertRegex(raw(self.server, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 20000 + b"\r\n\r\n", 10), rb"^HTTP/1.1 431 ")
        self.assertRegex(raw(self.server, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 10), rb"^HTTP/1.1 431 ")

    def test_wrong_content_types(self):
        for type in (None, "text/plain", "application/xml", "application/jsonx", "multipart/form-data"):
            self.users('{"first_name":"A","email":"media@example.com"}', type).expect(415, "unsupported-media-type")
        self.users('{"first_name":"A","email":"media@example.com"}', "Application/JSON; charset=utf-8").expect(201)
        self.admin.post("/v1/users/import", "a,b\n", type="application/json").expect(415)
        gateway = self.admin.api_key("gateway")
        gateway.post("/oauth2/introspect", {"token": "x"}).expect(415)
        gateway.post("/oauth2/introspect", "token_type_hint=x", type="application/x-www-form-urlencoded").expect(400)

    def test_what_is_not_http(self):
        for data in (b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50, b"hello\r\n\r\n", b"GET\r\n\r\n",
                     b"GET / HTTP/9.9\r\n\r\n", b"GET  / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
                     b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\nHost: x\n\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", os.urandom(500)):
            got = raw(self.server, data, 5)
            self.assertTrue(got == b"" or got.startswith(b"HTTP/1.1 4") or got.startswith(b"HTTP/1.1 5"), (data, got))

    def test_truncated_requests(self):
        body = b'{"first_name":"T","email":"truncated@example.com"}'
        whole = (f"POST /v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.admin.key}\r\n"
                 f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
        for cut in list(range(1, len(whole), 17)) + [len(whole) - 1]:
            with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
                connection.sendall(whole[:cut])
        until(lambda: self.server.client().get("/healthz").status == 200, "alive")
        self.assertEqual(self.admin.get("/v1/users", {"email": "truncated@example.com"}).json["items"], [])
        # An import that breaks off is not begun.
        before = len(self.admin.events('type eq "operation.started"'))
        head = f"POST /v1/users/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.admin.key}\r\nContent-Type: text/csv\r\n"
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall((head + "Content-Length: 1000\r\n\r\nemail,first_name\nbroken@example.com,B\n").encode())
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall((head + "Transfer-Encoding: chunked\r\n\r\n10\r\nemail,first_name\r\n").encode())
        time.sleep(1)
        self.assertEqual(len(self.admin.events('type eq "operation.started"')), before)
        spooled = self.server.data / "operations"
        until(lambda: not [path for path in spooled.iterdir() if path.suffix == ".spool"], "what was spooled is gone")

    def test_slow_clients(self):
        """Slowloris: headers and bodies that trickle are ended; others go on meanwhile."""
        slow = []
        for number in range(100):
            connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=20)
            self.addCleanup(connection.close)
            connection.sendall(b"GET /healthz HTTP/1.1\r\n" if number % 2 else
                               (f"POST /v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.admin.key}\r\n"
                                "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{").encode())
            slow.append(connection)
        began = time.monotonic()
        self.admin.get("/v1/users/" + self.user).expect(200)
        self.assertLess(time.monotonic() - began, 5)
        for number, connection in enumerate(slow):
            try:
                for _ in range(2 if number % 2 else 0):
                    connection.sendall(b"X")
                    time.sleep(0.01)
                got = connection.recv(4096)
            except (ConnectionResetError, BrokenPipeError):
                got = b""
            self.assertTrue(got == b"" or b" 408 " in got.split(b"\r\n")[0], got)
        self.assertLess(time.monotonic() - began, 15)

    def test_bad_imports(self):
        for text in (b"", b"\n\n", b"no,columns,we,know\n1,2,3,4\n", b"\xff\xfe\x00", b"email\n" + b"x" * 100_000):
            operation = self.admin.import_csv(text)
            self.assertIn(operation["status"], ("failed", "done"), text[:20])
            if operation["status"] == "failed":
                self.assertTrue(operation["detail"], operation)
            self.assertEqual(operation["created"], 0)
        operation = self.admin.import_csv(b"email,first_name\ngood@example.com,A\nbad\xff@example.com,B\nnul\x00@example.com,C\n"
                                          b"\"open@example.com,D\n")
        self.assertEqual(operation["created"], 1, operation)
        self.assertIn("not-utf-8", [row["code"] for row in operation["rows"]])

    def test_control_characters_of_others_are_not_logged(self):
        raw(self.server, b"GET /\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n", 2)
        raw(self.server, b"GET /v1/users HTTP/1.1\r\nHost: x\r\nUser-Agent: \x1b[2J\r\nConnection: close\r\n\r\n", 5)
        self.assertNotIn("\x1b", self.server.said())


class Crowd(unittest.TestCase):
    def test_ten_thousand_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        count = min(10_000, hard - 500)
        with Server({"LIMITS_MAX_CONNECTIONS": str(count), "LIMITS_HEADER_TIMEOUT_MS": "120000"}) as server:
            admin = server.account()
            admin.close()
            server.root().close()
            for client in server.clients:
                client.close()
            time.sleep(0.5)
            connections = []
            self.addCleanup(lambda: [connection.close() for connection in connections])
            for number in range(count - 2):
                connection = socket.socket()
                connection.bind((f"127.0.0.{1 + number // 20000}", 0))
                connection.settimeout(30)
                connection.connect(("127.0.0.1", server.port))
                connections.append(connection)
            began = time.monotonic()
            admin.get("/v1/users").expect(200)
            self.assertLess(time.monotonic() - began, 10, "one more is served beside them")
            for connection in connections[:: max(1, count // 50)]:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b" 200 ", connection.recv(4096))
            surplus = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(5)]
            connections += surplus
            answers = []
            for connection in surplus:
                try:
                    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                    answers.append(connection.recv(4096))
                except (ConnectionResetError, BrokenPipeError):
                    answers.append(b"")
            self.assertTrue(any(b" 503 " in answer for answer in answers), answers)
            while connections:
                connections.pop().close()
            until(lambda: server.client().get("/healthz").status == 200, "room again")
            self.assertEqual(server.stop(), 0)
        if count < 10_000:
            self.skipTest(f"passed with only {count} connections: RLIMIT_NOFILE allows {hard} open files")


class Starts(unittest.TestCase):
    """Each: not started, a text that says what is wrong, a status that isn't 0, and nothing lost."""

    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-e2e-"))
        self.addCleanup(shutil.rmtree, self.scratch, True)

    def refused(self, *says, status=1, settings=None, arguments=(), data=None):
        server = Server(settings, arguments, data, start=False)
        self.addCleanup(server.close)
        with self.assertRaises(NotStarted) as caught:
            server.start()
            server.stop()
        self.assertIn(caught.exception.status, (1, 2) if status is None else (status,), caught.exception)
        last = caught.exception.stderr.strip().splitlines()[-1]
        self.assertTrue(last.startswith("countersignd: "), last)
        for text in says:
            self.assertIn(text, caught.exception.stderr)
        return caught.exception.stderr

    def filled(self):
        """A data directory with one user, stopped."""
        server = Server()
        self.addCleanup(server.close)
        self.admin = server.account()
        self.user = self.admin.user()["id"]
        server.stop()
        return server

    def kept(self, server):
        """Put right, it starts, and everything is there."""
        server.start()
        self.admin.get("/v1/users/" + self.user).expect(200)
        server.stop()

    def test_settings(self):
        self.refused("nonsense", status=2, arguments=["--nonsense"])
        self.refused("LIMITS_QUEUE", "a whole number", status=2, settings={"LIMITS_QUEUE": "many"})
        for name, value in (("LIMITS_REDEEM_FAILURES_PER_SOURCE", "4294967296"), ("DISK_RESERVE_MIB", str(1 << 44)),
                            ("LIMITS_QUEUE", "0"), ("THREADS", "1025"), ("LIMITS_IDLE_TIMEOUT_MS", str(1 << 64)), ("THREADS", "-1")):
            self.refused(name, "a whole number from", value, status=2, settings={name: value})
        self.refused("--restore", status=2, arguments=["--keep-tokens"])
        self.refused("--restore", status=2, arguments=["--erasures", "/tmp/x"])
        for settings in ({"ROOT_KEY_FILE": "/tmp/x"}, {"ROOT_KEY": "an-operators-own-root-key"}):
            self.refused("--new-root-key", status=2, arguments=["--new-root-key"], settings=settings)
        self.refused("embedded", "carrier-pigeon", status=2, settings={"BUS": "carrier-pigeon"})
        self.refused("loopback", "tls.certificate", "--insecure-plain-http", status=2, arguments=["--listen", "0.0.0.0:0"])
        self.refused("belong together", status=2, settings={"TLS_CERTIFICATE": "/tmp/x.pem"})
        self.refused("HOST:PORT", status=2, arguments=["--listen", "nonsense"])
        self.refused("not an IP address", status=2, arguments=["--listen", "example.com:80"])
        self.refused("log.format", status=2, settings={"LOG_FORMAT": "xml"})
        self.refused("log.level", "loud", status=2, settings={"LOG_LEVEL": "loud"})
        config = self.scratch / "config.toml"
        config.write_text("listen = '127.0.0.1:0'\nsurprise = 1\n")
        self.refused("config.toml", "there is no setting 'surprise'", status=2, arguments=["--config", config])
        config.write_text("listen = \n")
        self.refused("config.toml:1", status=2, arguments=["--config", config])
        self.refused("missing.toml", status=2, arguments=["--config", self.scratch / "missing.toml"])

    def test_settings_of_a_cluster(self):
        right = {"BUS": "kafka", "KAFKA_BROKERS": "127.0.0.1:1", "MASTER_KEY_FILE": "/tmp/x", "ROOT_KEY_FILE": "/tmp/x"}
        for name in ("KAFKA_BROKERS", "MASTER_KEY_FILE", "ROOT_KEY_FILE"):
            self.refused(name.lower(), status=2, settings={key: value for key, value in right.items() if key != name})
        self.refused("--restore", status=2, settings=right, arguments=["--restore", "/tmp/x"])
        self.refused("node_id", status=2, settings=right | {"NODE_ID": ""})
        for name, value, said in (("ANCHOR_MIRROR", "/tmp/x", "anchor_mirror"), ("CLUSTER_LISTEN", "0.0.0.0:8421", "give advertise"),
                                  ("CLUSTER_LISTEN", "[::]:8421", "give advertise"), ("CLUSTER_LISTEN", "127.0.0.1:0", "give advertise"),
                                  ("CLUSTER_LISTEN", "nonsense", "HOST:PORT"), ("ADVERTISE", "http://127.0.0.1:1", "advertise"),
                                  ("ADVERTISE", "https://0.0.0.0:8421", "advertise"), ("ADVERTISE", "https://node.example", "advertise"),
                                  ("ADVERTISE", "https://node.example:1/x", "advertise"), ("NODE_ID", "n" * 256, "node_id"),
                                  ("CLUSTER_OWN", "some", "cluster.own"),
                                  ("CLUSTER_OWN", "3-1", "cluster.own"), ("CLUSTER_OWN", "961", "cluster.own"),
                                  ("KAFKA_REPLICATION", "0", "a whole number from 1")):
            self.refused(said, status=2, settings=right | {name: value})
        said = self.refused("kafka_properties", status=2, settings=right | {"KAFKA_PROPERTIES": "a-password"})
        self.assertNotIn("a-password", said)
        self.refused("/tmp/x-missing", "can't be read", settings=right | {"KAFKA_PROPERTIES_FILE": "/tmp/x-missing"})

    def test_a_cluster_without_brokers(self):
        key = self.scratch / "key"
        key.write_text("a-root-key-of-a-cluster")
        self.refused("the brokers at 127.0.0.1:1", "Connection refused",
                     settings={"BUS": "kafka", "KAFKA_BROKERS": "127.0.0.1:1", "MASTER_KEY_FILE": str(key), "ROOT_KEY_FILE": str(key)})

    def test_help_and_version(self):
        for flag, text in (("--help", "--data-dir"), ("--version", "countersignd ")):
            ran = subprocess.run([SERVER, flag], env=environment({}), capture_output=True, text=True, timeout=60, cwd=self.scratch)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""))
            self.assertIn(text, ran.stdout)

    def test_beyond_loopback_when_told_so(self):
        with Server(arguments=["--insecure-plain-http", "--listen", "0.0.0.0:0"]) as server:
            server.client().get("/healthz").expect(200)
        with Server(arguments=["--listen", "[::1]:0"]) as server:
            self.assertIn("http://[::1]:", server.ready_line)

    def test_settings_of_all_kinds(self):
        """Defaults < file < variable < flag."""
        config = self.scratch / "config.toml"
        config.write_text("trusted_proxies = ['10.0.0.0/8', '127.0.0.1/32']\n[limits]\nredeem_failures_per_source = 3\n[log]\nlevel = 'debug'\n")
        with Server({"LOG_LEVEL": "error"}, ["--config", config]) as server:
            admin = server.account()
            [code] = admin.codes(admin.user()["id"])
            wrong, anybody = code["code"][:2] + "22-2222-2222", server.client()
            for source in ("192.0.2.1", "192.0.2.2"):
                statuses = [anybody.redeem(wrong, headers={"X-Forwarded-For": source}).status for _ in range(5)]
                self.assertEqual(statuses, [400, 400, 400, 429, 429], "counted for the client behind the trusted proxy")
            self.assertEqual(server.said(), "", "the variable wins")

    def test_address_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            server = Server(start=False)
            self.addCleanup(server.close)
            ran = subprocess.run([SERVER, "--data-dir", server.data, "--listen", f"127.0.0.1:{taken.getsockname()[1]}"],
                                 env=environment({}), capture_output=True, text=True, timeout=60, cwd=self.scratch)
            self.assertEqual(ran.returncode, 1)
            self.assertIn(str(taken.getsockname()[1]), ran.stderr)
            self.assertEqual(ran.stdout, "")

    def test_data_directory_in_use(self):
        with Server() as server:
            admin = server.account()
            self.refused("in use by another process", data=server.data)
            admin.user()

    def test_data_directory_that_cannot_be(self):
        file = self.scratch / "file"
        file.write_text("x")
        self.refused(str(file), data=file)
        self.refused(str(file), data=file / "below")

    def test_master_key(self):
        server = self.filled()
        path = server.data / "master-key"
        good = path.read_bytes()
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        path.unlink()
        self.refused("master key", str(path), data=server.data)
        self.assertFalse(path.exists(), "never made anew beside data")
        for text in (b"", b"nonsense\n", good[:-10], good.replace(b"key: ", b"key: 00", 1), good[:60], b"\x00" * 5000):
            path.write_bytes(text)
            path.chmod(0o600)
            self.refused(str(path), data=server.data)
        with Server() as another:
            other = (another.data / "master-key").read_bytes()
        path.write_bytes(other)
        self.refused("master key", data=server.data)
        path.write_bytes(good)
        path.chmod(0o644)
        self.refused(str(path), data=server.data)
        path.unlink()
        path.mkdir()
        self.refused(str(path), data=server.data)
        path.rmdir()
        path.write_bytes(good)
        path.chmod(0o600)
        self.kept(server)
        moved = self.scratch / "elsewhere"
        path.rename(moved)
        server.settings["MASTER_KEY_FILE"] = str(moved)
        self.kept(server)

    def test_unreadable_master_key(self):
        server = self.filled()
        path = server.data / "master-key"
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        if nobody:
            for each in (server.scratch, server.data, *server.data.rglob("*")):
                os.chown(each, 65534, 65534)
            os.chown(path, 0, 0)
        else:
            path.chmod(0)
        try:
            ran = subprocess.run([SERVER, "--data-dir", server.data, "--listen", "127.0.0.1:0"], env=environment({}),
                                 capture_output=True, text=True, timeout=60, cwd=server.scratch, **nobody)
        except PermissionError:
            self.skipTest("the program can't be run by nobody")
        self.assertEqual(ran.returncode, 1)
        self.assertIn(str(path), ran.stderr)
        path.chmod(0o600)
        self.kept(server)

    def test_root_key(self):
        server = self.filled()
        self.refused("root-missing", settings={"ROOT_KEY_FILE": "/nowhere/root-missing"}, data=server.data)
        self.refused("16 to 256", status=2, settings={"ROOT_KEY": "short"}, data=server.data)
        stderr = self.refused("API key", status=2, settings={"ROOT_KEY": "cskey_looks-like-an-api-key"}, data=server.data)
        self.assertNotIn("looks-like", stderr)
        server.settings["ROOT_KEY"] = "an-operators-own-root-key"
        server.start()
        server.client("an-operators-own-root-key").get("/v1/accounts").expect(200)
        server.client(server.root_key).get("/v1/accounts").expect(401)

    def test_log_below_its_anchor(self):
        server = self.filled()
        copy = self.scratch / "copy"
        shutil.copytree(server.data / "log", copy)
        server.start()
        self.admin.user()
        server.stop()
        newer = self.scratch / "newer"
        shutil.move(server.data / "log", newer)
        shutil.copytree(copy, server.data / "log")
        shutil.copy(newer / "anchor", server.data / "log" / "anchor")
        self.refused("anchor", data=server.data)
        shutil.rmtree(server.data / "log")
        shutil.copytree(newer, server.data / "log")
        (server.data / "log" / "anchor").unlink()
        self.refused("anchor", data=server.data)
        shutil.copy(newer / "anchor", server.data / "log" / "anchor")
        self.kept(server)

    def test_older_copy_of_everything_with_a_mirrored_anchor(self):
        mirror = self.scratch / "mirror"
        with Server({"ANCHOR_MIRROR": str(mirror)}) as server:
            admin = server.account()
            server.stop()
            copy = self.scratch / "copy"
            shutil.copytree(server.data, copy)
            server.start()
            admin.user()
            server.stop()
            self.refused(str(mirror), "older copy", settings={"ANCHOR_MIRROR": str(mirror)}, data=copy)

    def test_keys_without_log_and_log_without_keys(self):
        server = self.filled()
        away = self.scratch / "away"
        shutil.move(server.data / "keys", away)
        self.refused(data=server.data)
        shutil.rmtree(server.data / "keys", ignore_errors=True)
        shutil.move(away, server.data / "keys")
        self.kept(server)

    def test_two_installations_mixed_up(self):
        one, other = self.filled(), Server()
        self.addCleanup(other.close)
        other.account()
        other.stop()
        away = self.scratch / "away"
        shutil.move(one.data / "log", away)
        shutil.copytree(other.data / "log", one.data / "log")
        self.refused(data=one.data)
        shutil.rmtree(one.data / "log")
        shutil.move(away, one.data / "log")
        self.kept(one)

    def test_damaged_views_are_built_again(self):
        server = self.filled()
        for path in (server.data / "views").rglob("*.sst"):
            path.write_bytes(b"x" * 100)
        (server.data / "views" / "CURRENT").write_bytes(b"nonsense")
        self.kept(server)


@unittest.skipUnless(shutil.which("openssl"), "needs the openssl command")
class Tls(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-e2e-"))
        self.addCleanup(shutil.rmtree, self.scratch, True)
        self.certificate, self.key = self.scratch / "cert.pem", self.scratch / "key.pem"
        self.settings = {"TLS_CERTIFICATE": str(self.certificate), "TLS_KEY": str(self.key)}

    def make(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}",
                        "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)

    def common_name(self, server):
        context = ssl.create_default_context(cafile=str(self.certificate))
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
                return dict(pair for group in secured.getpeercert()["subject"] for pair in group)["commonName"]

    def test_certificate_and_its_reload(self):
        self.make("first")
        with Server(self.settings) as server:
            self.assertEqual(server.scheme, "https")
            context = ssl.create_default_context(cafile=str(self.certificate))
            root = server.client(server.root_key, context=context)
            root.get("/v1/accounts").expect(200)
            self.assertEqual(self.common_name(server), "first")
            for version, status in (("-tls1_1", 1), ("-tls1_2", 0), ("-tls1_3", 0)):
                ran = subprocess.run(["openssl", "s_client", version, "-cipher", "DEFAULT:@SECLEVEL=0", "-connect", f"127.0.0.1:{server.port}"],
                                     stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
                self.assertEqual(ran.returncode, status, (version, ran.stderr))
            self.assertNotIn(b"200", raw(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 3)[:20], "no plain HTTP")
            self.make("second")
            server.process.send_signal(signal.SIGHUP)
            until(lambda: self.renewed(server, "second"), "the new certificate")
            root.get("/v1/accounts").expect(200)  # the old connection goes on
            good = self.certificate.read_bytes()
            self.certificate.write_text("nonsense")
            server.process.send_signal(signal.SIGHUP)
            until(lambda: "old one stays" in server.said(), "the log says so")
            self.certificate.write_bytes(good)
            self.assertEqual(self.common_name(server), "second")
            self.assertEqual(server.stop(), 0)

    def renewed(self, server, name):
        try:
            return self.common_name(server) == name
        except ssl.SSLError:
            return False

    def test_certificates_that_cannot_be_used(self):
        def refused():
            server = Server(self.settings, start=False)
            self.addCleanup(server.close)
            with self.assertRaises(NotStarted) as caught:
                server.start()
            self.assertEqual(caught.exception.status, 1)
            self.assertTrue("cert.pem" in caught.exception.stderr or "key.pem" in caught.exception.stderr, caught.exception)
        refused()
        self.make("first")
        certificate = self.certificate.read_bytes()
        self.make("another")
        self.certificate.write_bytes(certificate)
        refused()
        self.key.write_text("nonsense")
        refused()


if __name__ == "__main__":
    main()
