"""The stream of events under clients as they are: connections that break anywhere, and very many that wait."""
import http.client
import json
import random
import re
import resource
import selectors
import socket
import threading
import urllib.parse

from support import NO_LIMITS, ServerTest, main

IDLE_STREAMS, MOST_MEMORY = 1_000, 100 << 20


class DroppingClient:
    """Reads server-sent events as a browser would, and breaks the connection after a random number of bytes, in the middle of
    lines, too. What it knows is the id of the last event that it got whole."""

    def __init__(self, server, key, seed):
        self.server, self.key, self.random = server, key, random.Random(seed)
        self.events, self.last_id, self.connections = [], "", 0

    def connect(self):
        self.connections += 1
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        headers = {"Authorization": "Bearer " + self.key, "Accept": "text/event-stream"}
        if self.last_id:
            headers["Last-Event-ID"] = self.last_id
        connection.request("GET", "/v1/events/stream", headers=headers)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        return connection, response

    def read_until(self, sequence):
        while not (self.events and self.events[-1]["sequence"] >= sequence):
            connection, response = self.connect()
            rest = self.random.choice((self.random.randrange(1, 600), self.random.randrange(1, 60_000)))
            received = b""
            while len(received) < rest and not (self.events and self.events[-1]["sequence"] >= sequence):
                piece = response.read1(min(rest - len(received), 4096))
                if not piece:
                    break
                received += piece
                while b"\n\n" in received:
                    block, received = received.split(b"\n\n", 1)
                    rest -= len(block) + 2
                    self.take(block.decode())
            # A reset, not an end in order, as when a cable is pulled.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()

    def take(self, block):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "data" in fields and "id" in fields:
            self.events.append(json.loads(fields["data"]))
            self.last_id = fields["id"]


class Streams(ServerTest):
    settings = NO_LIMITS | {"LIMITS_MAX_CONNECTIONS": "4000"}

    def test_clients_that_drop_their_connection_end_with_exactly_the_servers_list(self):
        admin = self.server.account("Dropping Inc")
        key = admin.api_key("siem").key
        clients = [DroppingClient(self.server, key, seed) for seed in range(4)]
        done = threading.Event()

        def work():
            number = 0
            while not done.is_set() and number < 3_000:
                user = admin.user(first_name=f"Number {number}")["id"]
                admin.codes(user)
                number += 1
        worker = threading.Thread(target=work)
        worker.start()
        try:
            ends = [300, 600, 900, 900]
            readers = [threading.Thread(target=client.read_until, args=(end,)) for client, end in zip(clients, ends)]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
        finally:
            done.set()
            worker.join()
        listed = [event["id"] for event in admin.all("/v1/events", {"sort": "asc"})]
        for client, end in zip(clients, ends):
            self.assertGreater(client.connections, 3, "it did drop its connections")
            self.assertGreaterEqual(len(client.events), end)
            self.assertEqual([event["id"] for event in client.events], listed[:len(client.events)])

    def memory(self):
        status = open(f"/proc/{self.server.process.pid}/status", encoding="ascii").read()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10

    def test_a_thousand_idle_streams_cost_little_and_none_is_forgotten(self):
        wanted = IDLE_STREAMS + 200
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
        admin = self.server.account("Idle Inc")
        key = admin.api_key("siem").key
        request = ("GET /v1/events/stream?after=latest&filter=" + urllib.parse.quote('type eq "user.created"') +
                   f" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nAccept: text/event-stream\r\n\r\n").encode()
        before = self.memory()
        streams = []
        self.addCleanup(lambda: [stream.close() for stream in streams])
        for _ in range(IDLE_STREAMS):
            stream = socket.create_connection(("127.0.0.1", self.server.port), timeout=60)
            streams.append(stream)
            stream.sendall(request)
            self.assertTrue(stream.recv(4096).startswith(b"HTTP/1.1 200 "))
        self.assertLess(self.memory() - before, MOST_MEMORY)
        user = admin.user(first_name="Everybody", last_name="hears of it")["id"]
        waiting = selectors.DefaultSelector()
        received = {}
        for stream in streams:
            waiting.register(stream, selectors.EVENT_READ)
            received[stream] = b""
        while received:
            ready = waiting.select(timeout=60)
            self.assertTrue(ready, f"{len(received)} streams have heard nothing")
            for key, _ in ready:
                piece = key.fileobj.recv(65_536)
                self.assertTrue(piece, "no stream ends")
                received[key.fileobj] += piece
                if user.encode() in received[key.fileobj]:
                    waiting.unregister(key.fileobj)
                    del received[key.fileobj]


if __name__ == "__main__":
    main()
