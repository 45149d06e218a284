"""Starts, stops and kills the real countersignd, and speaks HTTP with it. For the tests in this directory.

The programs' directory comes in the environment variable COUNTERSIGN_PROGRAMS.
"""
import atexit
import functools
import http.client
import json
import os
import pathlib
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import uuid
import xml.etree.ElementTree as ET

PROGRAMS = pathlib.Path(os.environ.get("COUNTERSIGN_PROGRAMS", "build/release/bin")).resolve()
SERVER = PROGRAMS / "countersignd"
REPLAY = PROGRAMS / "countersign-replay"
START_S, STOP_S, ANSWER_S = 120, 60, 60
NO_LIMITS = {"LIMITS_REDEEM_FAILURES_PER_SOURCE": "0", "LIMITS_REDEEM_FAILURES_PER_ACCOUNT": "0"}


class NotStarted(Exception):
    """The server ended instead of serving: its exit status and what it said."""

    def __init__(self, status, stderr):
        super().__init__(f"exit status {status}: {stderr}")
        self.status, self.stderr = status, stderr


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def code(self):
        """The problem's code, or None."""
        return self.json["code"] if self.headers.get("Content-Type", "").startswith("application/problem+json") else None

    def expect(self, status, code=None):
        if self.status != status or (code is not None and self.code != code):
            raise AssertionError(f"{status} {code or ''} was expected, not {self!r}")
        return self

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


def environment(settings):
    """The environment of a program: nothing of ours but the settings given."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COUNTERSIGN_")}
    return clean | {"COUNTERSIGN_" + name: value for name, value in settings.items()}


class Server:
    """A countersignd of its own with a data directory of its own, on any free port (another one after each start)."""

    def __init__(self, settings=None, arguments=(), data=None, start=True):
        self.settings, self.arguments = dict(settings or {}), list(arguments)
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="countersign-e2e-"))
        self.data = pathlib.Path(data) if data else self.scratch / "data"
        self.program, self.process = SERVER, None
        self.surroundings = {}  # variables of its environment that aren't settings
        self.port = 0
        self.scheme = "http"
        self.clients = []
        if start:
            self.start()

    def start(self, arguments=()):
        self.errors = self.scratch / "stderr"
        with open(self.errors, "ab") as errors:
            self.written_before = errors.tell()
            given = [*self.arguments, *arguments]
            listen = [] if "--listen" in given else ["--listen", "127.0.0.1:0"]
            self.process = subprocess.Popen(
                [self.program, "--data-dir", self.data, *listen, *given],
                env=environment(self.settings) | self.surroundings, cwd=self.scratch, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=errors, text=True)
        ready = select.select([self.process.stdout], [], [], START_S)[0]
        self.ready_line = self.process.stdout.readline() if ready else ""
        found = re.search(r"(https?)://[^ ]*:(\d+)", self.ready_line)
        if not found:
            if not ready:
                self.process.kill()
            status = self.process.wait()
            self.process.stdout.close()
            raise NotStarted(status, self.said())
        self.scheme, self.port = found.group(1), int(found.group(2))
        return self

    def said(self):
        """What this run has written to standard error."""
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            file.seek(self.written_before)
            return file.read()

    def stop(self):
        """SIGTERM; the exit status."""
        if not self.running():
            return None
        self.process.send_signal(signal.SIGTERM)
        return self._ended()

    def kill(self):
        """kill -9."""
        if self.running():
            self.process.kill()
            self._ended()

    def _ended(self):
        try:
            return self.process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"countersignd did not drain within {STOP_S} s:\n{self.said()}") from None
        finally:
            self.process.stdout.close()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def restart(self, arguments=()):
        self.stop()
        return self.start(arguments)

    def close(self):
        for client in self.clients:
            client.close()
        self.kill()
        if self.process and not self.process.stdout.closed:
            self.process.stdout.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def root_key(self):
        return (self.data / "root-key").read_text().strip()

    def client(self, key=None, **options):
        made = Client(self, key, **options)
        self.clients.append(made)
        return made

    def before(self, method, path, headers):
        """Before each request of a client; `headers` may be added to."""

    def after(self, headers, sent):
        """The headers of each answer."""

    def root(self):
        return self.client(self.root_key)

    def command_line(self, key, *arguments, input=None):
        """`countersign ARGUMENTS`, to its end."""
        environment = {"HOME": "/nonexistent", "COUNTERSIGN_KEY": key, "COUNTERSIGN_SERVER": f"http://127.0.0.1:{self.port}"}
        return subprocess.run([PROGRAMS / "countersign", *arguments], input=input, text=True, capture_output=True, timeout=60, env=environment)

    def account(self, name="Example"):
        """A new account; the client of its first administrator."""
        made = self.root().post("/v1/accounts", {"name": name}).expect(201)
        admin = self.client(made.json["admin_key"])
        admin.account = made.json["id"]
        return admin


class Client:
    """One keep-alive connection with one key. Connects again when the server was restarted or closed the connection."""

    def __init__(self, server, key=None, timeout=ANSWER_S, context=None):
        self.server, self.key, self.timeout, self.context = server, key, timeout, context
        self.connection, self.connected_to = None, None
        self.account = None

    def with_key(self, key):
        return self.server.client(key, timeout=self.timeout, context=self.context)

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def _connect(self):
        self.close()
        if self.server.scheme == "https":
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=self.timeout, context=self.context)
        else:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=self.timeout)
        self.connected_to = self.server.port

    def request(self, method, path, body=None, headers=None, type=None, query=None):
        """`body`: bytes or text as they are, anything else as JSON."""
        sent = dict(headers or {})
        if self.key is not None:
            sent.setdefault("Authorization", "Bearer " + self.key)
        if body is not None and not isinstance(body, (bytes, str)):
            body, type = json.dumps(body), type or "application/json"
        if isinstance(body, str):
            body = body.encode("utf-8")
        if type:
            sent["Content-Type"] = type
        if query:
            path += "?" + urllib.parse.urlencode(query)
        self.server.before(method, path, sent)
        fresh = self.connection is None or self.connected_to != self.server.port
        if fresh:
            self._connect()
        try:
            return self._exchange(method, path, body, sent)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # An idle connection that the server closed meanwhile; a request is sent twice only when that does no harm.
            if fresh or (method != "GET" and "Idempotency-Key" not in sent):
                self.close()
                raise
            self._connect()
            return self._exchange(method, path, body, sent)

    def _exchange(self, method, path, body, headers):
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            self.server.after(response.headers, headers)
            return Answer(response.status, response.headers, response.read())
        except Exception:
            self.close()
            raise

    def get(self, path, query=None, **options):
        return self.request("GET", path, query=query, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.request("PATCH", path, body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    # What every test needs.

    def user(self, email=None, **fields):
        number = secrets.token_hex(4)
        person = {"first_name": "Person", "last_name": number, "email": email or f"person-{number}@example.com"} | fields
        return self.post("/v1/users", person).expect(201).json

    def api_key(self, role, **fields):
        """A client with a new key of this role."""
        made = self.post("/v1/api-keys", {"name": role, "role": role} | fields).expect(201).json
        client = self.with_key(made["key"])
        client.key_id, client.account = made["id"], self.account
        return client

    def codes(self, *users, count=1):
        made = self.post("/v1/registration-codes", {"user_ids": list(users), "codes_per_user": count}).expect(201)
        return made.json["items"]

    def redeem(self, code, name="phone", **options):
        return self.post("/v1/redeem", {"code": code, "device": {"name": name, "platform": "android"}}, **options)

    def introspect(self, token):
        return self.post("/oauth2/introspect", urllib.parse.urlencode({"token": token}),
                         type="application/x-www-form-urlencoded").expect(200).json

    def operation(self, id, timeout=120):
        """Waits until the operation has ended."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            operation = self.get("/v1/operations/" + id).expect(200).json
            if operation["status"] in ("done", "failed"):
                return operation
            time.sleep(0.05)
        raise AssertionError(f"the operation has not ended: {operation}")

    def import_csv(self, text, **options):
        started = self.post("/v1/users/import", text, type="text/csv", **options).expect(202)
        return self.operation(started.json["operation_id"])

    def all(self, path, query=None, headers=None):
        """All items of a list, page by page."""
        query, items = {"limit": "1000"} | (query or {}), []
        while True:
            page = self.get(path, query, headers=headers).expect(200).json
            items += page["items"]
            if not page["has_more"]:
                return items
            query["after"] = page["next"]

    def events(self, filter=None, **query):
        return self.all("/v1/events", query | ({"filter": filter} if filter else {}))


GO_SETTINGS = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false"}


@functools.cache
def build_go(name):
    """(go, sources, program) of the Go program in tests/NAME, or why there is none."""
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not go:
        return None, "go is not installed"
    sources = pathlib.Path(__file__).resolve().parent.parent / name
    settings = os.environ | GO_SETTINGS
    fetched = subprocess.run([go, "mod", "download"], cwd=sources, env=settings, capture_output=True, text=True, timeout=120)
    if fetched.returncode != 0:
        return None, f"what tests/{name} needs can't be fetched: " + " ".join(fetched.stderr.split())[:200]
    program = pathlib.Path(tempfile.mkdtemp(prefix="countersign-go-")) / name
    atexit.register(shutil.rmtree, program.parent, True)
    subprocess.run([go, "build", "-o", program, "."], cwd=sources, env=settings, check=True, timeout=600)
    return (go, sources, program), None


def go_program(name):
    """The built Go program of tests/NAME. Skips the test when there is no Go, or what it needs can't be fetched."""
    built, why = build_go(name)
    if why:
        raise unittest.SkipTest(why)
    return built[2]


def go_test(name):
    """Runs the tests of tests/NAME; what they printed. Skips as go_program()."""
    go_program(name)
    go, sources, _ = build_go(name)[0]
    ran = subprocess.run([go, "test", "-count=1", "./..."], cwd=sources, env=os.environ | GO_SETTINGS, capture_output=True, text=True,
                         timeout=600)
    if ran.returncode != 0:
        raise AssertionError(f"go test in {sources}: {ran.stdout}{ran.stderr}")
    return ran.stdout


def replay(*arguments):
    """Runs countersign-replay; what it printed."""
    ran = subprocess.run([REPLAY, *arguments], text=True, capture_output=True, timeout=300)
    if ran.returncode != 0:
        raise AssertionError(f"countersign-replay {arguments}: exit status {ran.returncode}: {ran.stdout}{ran.stderr}")
    return ran.stdout


def verify(data, views=True):
    """Audits a data directory with its keys. Unless `views`, they may be older than their first flush, and can't be read then."""
    said = replay("verify", "--data-dir", data)
    unchecked = [line for line in said.splitlines() if line.startswith("not checked:")]
    if views and "the views equal a fold of the log" not in said.splitlines():
        raise AssertionError(f"the views were not compared: {said}")
    if any(not line.startswith("not checked: the views:") for line in unchecked):
        raise AssertionError(f"not everything was checked: {said}")


def views_of(data):
    """The fingerprint of the views of a data directory whose server is stopped."""
    return replay("dump-views", "--data-dir", data).split()[0]


def views_from_the_log_alone(data, scratch):
    """The fingerprint of views that are built in an empty directory beside a copy of the log: no keys, nothing else."""
    shutil.copytree(data / "log", scratch / "log")
    replay("rebuild", "--no-keys", "--data-dir", scratch)
    if (scratch / "keys").exists():
        raise AssertionError("a rebuild has made a key store")
    return views_of(scratch)


def id_bytes(id):
    """The 16 bytes of an id: prefix, underscore, 26 characters of Crockford's base 32."""
    number = 0
    for character in id.rpartition("_")[2]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    return number.to_bytes(16, "big")


def without_reads(items):
    """Of a list of anything: no events that say how often events were read, which an orderly stop writes."""
    return [item for item in items if item.get("type") != "events.read"]


def key():
    """An Idempotency-Key header, long enough for answers with secrets."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def until(condition, what, timeout=30, pause=0.1):
    """Polls until the condition gives something true, and returns it."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(pause)


def raw(server, data, timeout=ANSWER_S, close=False):
    """Sends these bytes on a connection of their own and reads until the server closes it or is silent for `timeout`."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=timeout) as connection:
        connection.sendall(data)
        if close:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while chunk := connection.recv(65536):
                got += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return got


class ServerTest(unittest.TestCase):
    """One server for all tests of the class."""

    settings = {}
    serve = Server

    @classmethod
    def setUpClass(cls):
        cls.server = ServerTest.serve(cls.settings)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def countersign(self, *arguments, status=0, input=None):
        """What the command line prints, as the administrator."""
        ran = self.server.command_line(self.admin.key, *arguments, input=input)
        self.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
        return ran.stdout


class Cases(unittest.TextTestResult):
    """Remembers what became of each case, for the summary of ./dev test."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.cases = {}

    def note(self, test, outcome, reason=""):
        if self.cases.get(test.id(), ("",))[0] != "failure":
            self.cases[test.id()] = (outcome, reason)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "passed")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)
        print(f"skipped: {test.id()}: {reason}", flush=True)

    def addError(self, test, error):
        super().addError(test, error)
        self.note(test, "failure")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.note(test, "failure")

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            self.note(test, "failure")

    def write_to(self, directory):
        """As GoogleTest writes its own, under the name that ctest has for this file."""
        name = "e2e_" + pathlib.Path(sys.argv[0]).stem.removeprefix("test_")
        suite = ET.Element("testsuite", name=name)
        for id, (outcome, reason) in self.cases.items():
            folder, _, case = id.rpartition(".")
            element = ET.SubElement(suite, "testcase", classname=folder.removeprefix("__main__."), name=case, status="run",
                                    result="skipped" if outcome == "skipped" else "completed")
            if outcome != "passed":
                ET.SubElement(element, outcome, message=reason)
        ET.ElementTree(suite).write(pathlib.Path(directory) / (name + ".xml"))


def main():
    """unittest.main(); where GTEST_OUTPUT names a directory, each case is written there for scripts/summary.py."""
    ran = unittest.main(exit=False, testRunner=unittest.TextTestRunner(resultclass=Cases)).result
    kind, _, directory = os.environ.get("GTEST_OUTPUT", "").partition(":")
    if kind == "xml" and directory.endswith("/"):
        ran.write_to(directory)
    sys.exit(0 if ran.wasSuccessful() else 1)
