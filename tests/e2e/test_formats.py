"""The stream in every format, as server-sent events and as lines; the command line and the script that read it."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.parse

from support import PROGRAMS, ServerTest, main, until

JSON, TEXT = ("native", "ocsf", "ecs"), ("cef", "leef")
PULL = pathlib.Path(__file__).resolve().parents[2] / "scripts/pull_events.sh"
HOSTILE = "Eve|\\=\u202e]] x=1 suser"


def sequence_of(format, line):
    """Of a line in any format."""
    if format in JSON:
        event = json.loads(line)
        return {"native": lambda: event["sequence"], "ocsf": lambda: event["metadata"]["sequence"],
                "ecs": lambda: event["event"]["sequence"]}[format]()
    return int(re.search(r" cn1=(\d+)" if format == "cef" else r"\tsequence=(\d+)", line)[1])


def cursor_of(line):
    return re.search(r'([A-Za-z0-9_-]+)["}]*$', line)[1]


class Formats(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.server.account("Formats Inc")
        cls.siem = cls.admin.api_key("siem")
        cls.user = cls.admin.user(first_name="Ada", last_name=HOSTILE)["id"]
        [code] = cls.admin.codes(cls.user)
        cls.server.client().redeem(code["code"]).expect(201)

    def stream(self, query="", accept="text/event-stream", status=200, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events/stream?" + query,
                           headers={"Authorization": "Bearer " + self.siem.key, "Accept": accept} | (headers or {}))
        response = connection.getresponse()
        self.assertEqual(response.status, status, query)
        return response

    @staticmethod
    def lines(response, count):
        return [response.readline().decode("utf-8").removesuffix("\n") for _ in range(count)]

    def messages(self, response, count):
        found = []
        while len(found) < count:
            block = []
            while line := response.readline().decode("utf-8").rstrip("\n"):
                block.append(line)
            if block and not block[0].startswith(":"):
                found.append(dict(line.split(": ", 1) for line in block))
        return found

    def test_lines_resume_in_every_format(self):
        for format in JSON + TEXT:
            with self.subTest(format=format):
                accept = "application/x-ndjson" if format in JSON else "text/plain"
                response = self.stream(f"format={format}", accept)
                self.assertTrue(response.headers["Content-Type"].startswith(accept))
                lines = self.lines(response, 6)
                self.assertEqual([sequence_of(format, line) for line in lines], [1, 2, 3, 4, 5, 6])
                [next] = self.lines(self.stream(f"format={format}&after={cursor_of(lines[2])}", accept), 1)
                self.assertEqual(next, lines[3])

    def test_server_sent_events_resume_in_every_format(self):
        for format in JSON + TEXT:
            with self.subTest(format=format):
                messages = self.messages(self.stream(f"format={format}"), 6)
                self.assertEqual([sequence_of(format, message["data"]) for message in messages], [1, 2, 3, 4, 5, 6])
                self.assertEqual(messages[0]["event"], "account.created")
                self.assertNotIn("ursor", messages[0]["data"], "the id has it")
                resumed = self.stream(f"format={format}", headers={"Last-Event-ID": messages[2]["id"]})
                self.assertEqual(self.messages(resumed, 1), messages[3:4])

    def test_a_cursor_is_good_in_any_format(self):
        [line] = self.lines(self.stream("format=cef", "text/plain"), 1)
        [next] = self.lines(self.stream(f"format=ocsf&after={cursor_of(line)}", "application/x-ndjson"), 1)
        self.assertEqual(sequence_of("ocsf", next), 2)

    def test_the_same_event_in_every_format(self):
        event = self.admin.events('type eq "device.activated"')[0]
        filter = urllib.parse.quote(f'id eq "{event["id"]}"')
        line = {format: self.lines(self.stream(f"format={format}&filter={filter}",
                                               "application/x-ndjson" if format in JSON else "text/plain"), 1)[0]
                for format in JSON + TEXT}
        native, ocsf, ecs = (json.loads(line[format]) for format in JSON)
        name = f"Ada {HOSTILE}"
        del native["cursor"]
        self.assertEqual(native, event)
        self.assertEqual((ocsf["type_uid"], ocsf["metadata"]["uid"], ocsf["src_endpoint"]), (300406, event["id"], {"ip": "127.0.0.1"}))
        self.assertEqual((ocsf["entity"]["uid"], ocsf["entity"]["user"]["name"]), (event["target"]["id"], name))
        self.assertEqual((ecs["@timestamp"], ecs["event"]["code"], ecs["user"]["target"]["full_name"]), (event["time"], event["type"], name))
        self.assertTrue(line["cef"].startswith("CEF:0|Countersign|Countersign|"))
        self.assertIn(" duser=Ada Eve|\\\\\\=<U+202E>]] x\\=1 suser ", line["cef"])
        self.assertTrue(line["leef"].startswith("LEEF:2.0|Countersign|Countersign|"))
        self.assertIn("\tsubjectName=Ada Eve|\\=<U+202E>]] x=1 suser\t", line["leef"])

    def test_streams_say_their_format_in_their_events(self):
        for format in JSON + TEXT:
            self.stream(f"format={format}&after=latest").close()
        for type in ("stream.started", "stream.ended"):
            until(lambda: {event["details"]["format"] for event in self.admin.events(f'type eq "{type}"')} >= set(JSON + TEXT), type)

    def test_what_can_t_be_had_is_400(self):
        for query, accept in (("format=CEF", "text/plain"), ("format=", "text/plain"), ("format=syslog", "text/event-stream"),
                              ("format=cef", "application/x-ndjson"), ("format=leef", "application/x-ndjson")):
            self.assertEqual(json.loads(self.stream(query, accept, 400).read())["code"], "invalid-parameter", query)
        for format, accept, type in (("cef", "*/*", "text/event-stream"), ("native", "text/plain", "text/event-stream"),
                                     ("cef", "application/x-ndjson, text/plain", "text/plain")):
            self.assertTrue(self.stream(f"format={format}", accept).headers["Content-Type"].startswith(type), (format, accept))

    def test_erased_people_have_no_name(self):
        user = self.admin.user(first_name="Gone", last_name="Soon")["id"]
        self.admin.post("/v1/users/" + user + "/disable").expect(200)
        self.admin.operation(self.admin.delete("/v1/users/" + user).expect(202).json["operation_id"])
        filter = urllib.parse.quote(f'subject eq "{user}" and type eq "user.created"')
        for format in JSON + TEXT:
            [message] = self.messages(self.stream(f"format={format}&filter={filter}"), 1)
            self.assertIn("(erased)", message["data"], format)
            self.assertNotIn("Soon", message["data"], format)

    def test_the_command_line_tails_in_every_format(self):
        environment = {"COUNTERSIGN_KEY": self.siem.key, "COUNTERSIGN_SERVER": f"http://127.0.0.1:{self.server.port}",
                       "HOME": "/nonexistent"}
        for format in JSON[1:] + TEXT:
            tail = subprocess.Popen([PROGRAMS / "countersign", "events", "tail", "--from-start", "--format", format],
                                    env=environment, stdout=subprocess.PIPE, text=True)
            self.addCleanup(tail.stdout.close)
            self.addCleanup(tail.wait)
            self.addCleanup(tail.kill)
            self.assertEqual([sequence_of(format, tail.stdout.readline()) for _ in range(5)], [1, 2, 3, 4, 5], format)

    def test_the_script_appends_every_event_once(self):
        key, file = self.server.scratch / "siem-key", self.server.scratch / "events.leef"
        key.write_text(self.siem.key + "\n")

        def pull(wanted):
            process = subprocess.Popen([PULL, f"http://127.0.0.1:{self.server.port}", "leef", file, key], start_new_session=True,
                                       stderr=subprocess.DEVNULL)
            try:
                until(lambda: file.exists() and wanted(file.read_text("utf-8")), "the lines in the file")
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        pull(lambda text: "\tsequence=5\t" in text)
        cut_off = file.read_text("utf-8").splitlines()[:4]
        file.write_text("\n".join(cut_off) + "\nLEEF:2.0|Countersi", "utf-8")
        last = self.admin.user()["id"]
        pull(lambda text: f"subjectId={last}\t" in text)
        numbers = [sequence_of("leef", line) for line in file.read_text("utf-8").split("\n")[:-1]]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))


if __name__ == "__main__":
    main()
