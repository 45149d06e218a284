"""Concurrent clients that use registration codes, and what they asked and were answered: a history that
tests/linearizability judges.

Each request goes to one of the base URLs, drawn at random. What got no answer is recorded as unknown, and repeated with the
same Idempotency-Key until there is one. Which faults there are meanwhile is the caller's business; the list of URLs may be
changed at any time, and be empty for a while.
"""
import collections
import http.client
import itertools
import json
import pathlib
import random
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid

from support import ANSWER_S, Answer, go_program

CLIENTS = 64
SETTLE_S = 90  # within which a request must have been answered, repeats included
LONGEST_PAUSE_S = 5
RECENT = 40  # of so many of the newest codes and tokens one is taken
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
# What clients do, by weight.
WORK = {"generate": 16, "redeem": 34, "revoke": 8, "lookup": 20, "introspect": 14, "repeat": 8}
# Answers that say that nothing was changed.
NOTHING_DONE = {(421, None), (429, "too-many-attempts"), (503, "overloaded"), (503, "unavailable"), (503, "position-not-reached"),
                (503, "stale-replica")}
NO_ANSWER = (OSError, http.client.HTTPException)


class Unreached(Exception):
    """No connection: nothing was sent."""


class Unsettled(AssertionError):
    pass


class Load:
    """`operations` of `clients` on codes of these users. Keys: of an admin, an operator and a gateway. `replicas`: reads may come
    from a node that is behind; they carry the client's newest position, and the history says which operation they follow. `think`:
    seconds that a client takes between two operations, on average."""

    def __init__(self, urls, keys, users, operations, clients=CLIENTS, seed=0, replicas=False, timeout=ANSWER_S, context=None, think=0):
        self.urls, self.keys, self.users = urls, keys, users
        self.replicas, self.timeout, self.context = replicas, timeout, context
        self.think, self.ends = think, threading.Event()
        self.left, self.numbers, self.lock = operations, itertools.count(1), threading.Lock()
        self.codes, self.tokens = [], []  # (id, code), (code's id, token, its id)
        self.hot = None  # the code at which the clients meet
        self.devices = collections.defaultdict(set)  # code's id -> devices that its redemptions were answered
        self.clients = [Client(self, number, random.Random(f"{seed} {number}")) for number in range(clients)]
        self.threads = [threading.Thread(target=client.run, daemon=True) for client in self.clients]

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        """Waits for all clients; raises what one of them fell over."""
        for thread in self.threads:
            thread.join()
        for client in self.clients:
            if client.failure:
                raise client.failure

    def end_after(self, operations):
        """So many more are begun, at most."""
        with self.lock:
            self.left = min(self.left, operations)
        self.ends.set()  # nobody thinks any longer

    def running(self):
        return any(thread.is_alive() for thread in self.threads)

    def take(self):
        """Whether there is an operation left to begin."""
        with self.lock:
            if not self.left or any(client.failure for client in self.clients):
                return False
            self.left -= 1
            return True

    def history(self):
        return sorted((entry for client in self.clients for entry in client.entries), key=lambda entry: entry["call"])


class Request:
    """What is sent, every time alike."""

    def __init__(self, op, code, path, body, key=None, type=JSON, idempotent=True, token=None):
        self.op, self.code, self.path, self.authorization, self.type, self.token = op, code, path, key, type, token
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.idempotency_key = str(uuid.uuid4()) if idempotent else None
        self.name = None  # of the Idempotency-Key in the history


class Client:
    def __init__(self, load, number, chance):
        self.load, self.number, self.random = load, number, chance
        self.entries, self.connections = [], {}
        self.position, self.seen = None, {}  # code's id -> newest operation whose answer had a position
        self.sent = collections.deque(maxlen=8)
        self.failure = None

    def run(self):
        try:
            while self.load.take():
                self.step()
                if self.load.think:
                    self.load.ends.wait(self.random.uniform(0, 2 * self.load.think))
        except Exception as error:  # noqa: BLE001
            self.failure = error
        finally:
            for connection in self.connections.values():
                connection.close()

    # --- what clients do ---

    def step(self):
        load = self.load
        [work] = self.random.choices(list(WORK), WORK.values())
        if work == "repeat" and self.sent:
            self.perform(self.random.choice(self.sent))
        elif work == "introspect" and load.tokens:
            code, token, id = self.random.choice(load.tokens[-RECENT:])
            form = urllib.parse.urlencode({"token": token}).encode()
            self.perform(Request("introspect", code, "/oauth2/introspect", form, load.keys["gateway"], FORM, False, id))
        elif work == "generate" or not load.codes:
            body = {"user_ids": [self.random.choice(load.users)]}
            self.perform(Request("generate", None, "/v1/registration-codes", body, load.keys[self.random.choice(("admin", "operator"))]))
        else:
            id, code = load.hot if self.random.random() < 0.5 else self.random.choice(load.codes[-RECENT:])
            if work == "revoke":
                key = load.keys[self.random.choice(("admin", "operator"))]
                self.perform(Request("revoke", id, f"/v1/registration-codes/{id}/revoke", b"", key))
            elif work == "lookup":
                self.perform(Request("lookup", id, "/v1/registration-codes/lookup", {"code": code}, load.keys["operator"], idempotent=False))
            else:
                device = {"name": f"device of {self.number}", "platform": "android"}
                self.perform(Request("redeem", id, "/v1/redeem", {"code": code, "device": device}))

    def perform(self, request):
        entries, answer = self.ask(request)
        entry = entries[-1]
        getattr(self, "answered_" + request.op)(request, entry, answer)
        for each in entries:
            each["code"] = request.code
        self.entries += entries
        if answer.headers.get("Idempotency-Replayed") == "true":
            entry["replayed"] = True
        if answer.headers.get("Countersign-Position"):
            self.position = answer.headers["Countersign-Position"]
            self.seen[request.code] = entry["id"]
        if request.idempotency_key and request not in self.sent:
            self.sent.append(request)

    def answered_generate(self, request, entry, answer):
        if answer.status == 409:
            entry["outcome"] = self.withdrawn(answer)
            return
        [item] = answer.expect(201).json["items"]
        if request.code is None:
            request.code = item["id"]
            if self.load.hot is None or self.random.random() < 0.3:
                self.load.hot = (item["id"], item["code"])
            self.load.codes.append((item["id"], item["code"]))
        elif request.code != item["id"]:
            raise AssertionError(f"a repeat has generated {item['id']} instead of {request.code}")

    def answered_redeem(self, request, entry, answer):
        if answer.status == 400:
            answer.expect(400, "code-not-redeemable")
            entry["outcome"] = "refused"
        elif answer.status == 409:
            entry["outcome"] = self.withdrawn(answer)
        else:
            made = answer.expect(201).json
            entry["token"] = made["token_id"]
            if made["device_id"] not in self.load.devices[request.code]:
                self.load.devices[request.code].add(made["device_id"])
                self.load.tokens.append((request.code, made["access_token"], made["token_id"]))

    def answered_revoke(self, request, entry, answer):
        code = answer.expect(200).json
        if (code["id"], code["status"]) != (request.code, "revoked"):
            raise AssertionError(f"what was revoked is {code['id']}, {code['status']}")

    def answered_lookup(self, request, entry, answer):
        if answer.status == 404:
            entry["state"] = "absent"
            return
        code = answer.expect(200).json
        if code["id"] != request.code:
            raise AssertionError(f"{code['id']} was found instead of {request.code}")
        entry["state"] = code["status"]

    def answered_introspect(self, request, entry, answer):
        entry["token"] = request.token
        entry["active"] = answer.expect(200).json["active"]

    def withdrawn(self, answer):
        answer.expect(409, "answer-withdrawn")
        return "withdrawn"

    # --- how they ask ---

    def ask(self, request):
        """The entries of all attempts, of which the last was answered, and that answer."""
        entries, end = [], time.monotonic() + SETTLE_S
        while True:
            entry = {"id": next(self.load.numbers), "client": self.number, "op": request.op, "outcome": "unknown"}
            if request.idempotency_key:
                request.name = request.name or f"k{entry['id']}"
                entry["key"] = request.name
            if request.op == "introspect":
                entry["token"] = request.token
            pause, answer = 0.05, None
            try:
                answer = self.exchange(request, entry)
                pause = float(answer.headers.get("Retry-After") or pause)
            except Unreached:
                pass
            except NO_ANSWER:
                entries.append(entry)
            if answer is not None and not self.says_nothing(answer):
                entry["outcome"] = "ok"
                return [*entries, entry], answer
            if answer is not None and not self.nothing_done(answer):
                entries.append(entry)
                entry.pop("return")
            if time.monotonic() > end:
                raise Unsettled(f"{request.op} was not answered within {SETTLE_S} s: {answer}")
            time.sleep(min(pause, LONGEST_PAUSE_S) * self.random.uniform(0.5, 1))

    @staticmethod
    def nothing_done(answer):
        return answer.status == 421 or (answer.status, answer.code) in NOTHING_DONE

    @classmethod
    def says_nothing(cls, answer):
        """Whether the request must be sent again."""
        return cls.nothing_done(answer) or answer.status in (500, 502, 503, 504)

    def exchange(self, request, entry):
        """Sends and receives, and takes the times as far outside as they can be."""
        urls = list(self.load.urls)
        if not urls:
            raise Unreached
        url = self.random.choice(urls)
        connection = self.connections.get(url) or self.connect(url)
        headers = {"Content-Type": request.type}
        if request.authorization:
            headers["Authorization"] = "Bearer " + request.authorization
        if request.idempotency_key:
            headers["Idempotency-Key"] = request.idempotency_key
        elif self.load.replicas:
            entry["stale"] = True
            if self.position:
                headers["Countersign-Min-Position"] = self.position
            if request.code in self.seen:
                entry["after"] = self.seen[request.code]
        entry["call"] = time.monotonic_ns()
        try:
            connection.request("POST", request.path, request.body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except NO_ANSWER:
            connection.close()
            del self.connections[url]
            raise
        entry["return"] = time.monotonic_ns()
        return answer

    def connect(self, url):
        parts = urllib.parse.urlsplit(url)
        secure = {"context": self.load.context} if parts.scheme == "https" else {}
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=self.load.timeout, **secure)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise Unreached from error
        self.connections[url] = connection
        return connection


def keys_of(admin):
    return {"admin": admin.key, "operator": admin.api_key("operator").key, "gateway": admin.api_key("gateway").key}


def write(history, file):
    file.write_text("".join(json.dumps(entry) + "\n" for entry in history))


def judged(history):
    """The exit status of the judge, and what it says."""
    with tempfile.TemporaryDirectory(prefix="countersign-e2e-") as scratch:
        file = pathlib.Path(scratch) / "history.jsonl"
        write(history, file)
        ran = subprocess.run([go_program("linearizability"), file], text=True, capture_output=True, timeout=300)
    return ran.returncode, ran.stdout + ran.stderr


def accepted(history):
    """What the judge says. A history that it rejects is kept."""
    status, said = judged(history)
    if status != 0:
        kept = pathlib.Path(tempfile.mkdtemp(prefix="countersign-history-")) / "history.jsonl"
        write(history, kept)
        raise AssertionError(f"exit status {status}: {said}The history is kept in {kept}.")
    return said


def check_views(load, admin, readers=()):
    """Holds what was acknowledged against the lists and events, of the node of `admin` and of each of `readers` (clients of an
    administrator, too). Everything must have been settled, and nobody else has written."""
    answered = {(entry["op"], entry["outcome"], entry["code"]) for entry in load.history()}

    def codes_of(op, *outcomes):
        return {code for each, outcome, code in answered if each == op and outcome in outcomes}
    generated, revoked = codes_of("generate", "ok"), codes_of("revoke", "ok")
    # Of a redemption without answer whose code was revoked before its repeat, nobody was told the device.
    used = codes_of("redeem", "ok", "withdrawn")
    status = {code: "revoked" if code in revoked else "used" if code in used else "open" for code in generated}
    happened = {"generated": generated, "used": used, "revoked": revoked}
    written = admin.post("/v1/users", {"first_name": "Last", "last_name": "One", "email": f"{uuid.uuid4()}@example.com"}).expect(201)
    after = {"Countersign-Min-Position": written.headers["Countersign-Position"]}
    for client in (admin, *readers):
        equal("codes", {code["id"]: code["status"] for code in client.all("/v1/registration-codes", headers=after)}, status)
        devices = client.all("/v1/devices", headers=after)
        equal("devices", collections.Counter(device["registration_code_id"] for device in devices), collections.Counter(used))
        equal("states of devices", {device["registration_code_id"]: device["status"] for device in devices},
              {code: "revoked" if code in revoked else "active" for code in used})
        told = {code: {device["id"]} for device in devices if (code := device["registration_code_id"]) in load.devices}
        equal("acknowledged devices", told, dict(load.devices))
        for what, codes in happened.items():
            events = client.all("/v1/events", {"filter": f'type eq "registration_code.{what}"'}, headers=after)
            equal(what, collections.Counter(event["target"]["id"] for event in events), collections.Counter(codes))


def equal(what, found, expected):
    if found != expected:
        differing = [(key, found.get(key), expected.get(key)) for key in {**found, **expected} if found.get(key) != expected.get(key)]
        raise AssertionError(f"{what}: {len(differing)} differ (which, there, acknowledged), as {differing[:5]}")
