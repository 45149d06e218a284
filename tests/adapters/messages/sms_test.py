#!/usr/bin/env python3
"""The SMS transport against a gateway that answers, refuses, breaks or hangs in all the ways of sms_gateway.h; each outcome is held against
the requests that the gateway has read.

Usage: sms_test.py PROGRAM
"""
import base64
import json
import unittest
from urllib.parse import parse_qs, urlsplit

from http_sink import CLOSE, HANG, REFUSE_UNREAD, Sink, answer
from sending import Sending, free_port

MESSAGE = {"id": "msg_01h455vb4pex5vsknk084sn02q", "to": "+49 (0)151 2345-6767", "text": "123456 gilt 5 Minuten & länger? 100%", "subject": ""}
NUMBER, SID, TOKEN = "+4915123456767", "AC00000000000000000000000000000000", "t0k&n secret"
SECRETS = (NUMBER, NUMBER[1:], "123456", TOKEN, "t0k")
CREATED = answer(201, json.dumps({"sid": "SM0123", "status": "queued"}))
ACCEPTED = answer(202, "0: Accepted for delivery")

# Status -> outcome, whatever the shape.
BY_STATUS = {301: "unknown", 302: "unknown", 303: "unknown", 307: "later", 308: "later", 400: "refused", 401: "later", 402: "refused",
             403: "later", 404: "later", 405: "later", 407: "later", 408: "later", 409: "unknown", 410: "refused", 422: "refused", 425: "later",
             429: "later", 500: "unknown", 501: "refused", 502: "unknown", 503: "later", 504: "unknown", 505: "refused", 599: "unknown"}


class Sms(Sending):
    def serve(self, *pieces, **settings):
        sink = Sink(pieces[0] if isinstance(pieces[0], str) else list(pieces), **settings)
        self.addCleanup(sink.stop)
        return sink

    def send(self, settings, message=None, allow=("127.0.0.1",)):
        settings = {name: value for name, value in settings.items() if value is not None}
        result = self.run_program("sms", settings, MESSAGE | (message or {}), list(allow))
        for secret in SECRETS:
            self.assertNotIn(secret, result.get("reason", ""))
        return result

    def password(self):
        return self.secret("password", TOKEN)

    def twilio(self, sink, **others):
        return {"gateway": "twilio", "url": sink.url, "from": "+15550100", "user": SID, "password_file": self.password()} | others

    def kannel(self, sink, **others):
        return {"gateway": "kannel", "url": sink.url + "/cgi-bin/sendsms", "from": "Countersign", "user": "otp",
                "password_file": self.password()} | others

    def json(self, sink, **others):
        body = {"messages": [{"to": "{{to_digits}}", "number": "{{to}}", "content": "{{text}}", "ref": "cs-{{reference}}", "ttl": 300}],
                "sender": "{{from}}"}
        return {"gateway": "json", "url": sink.url + "/v2/send?mode=otp", "from": "Wir", "body": body, "id_at": "/messages/0/id",
                "headers_file": self.secret("headers", f"Authorization: Bearer {TOKEN}\nX-Api-Version: 2\n")} | others

    def test_twilio(self):
        sink = self.serve(CREATED)
        result = self.send(self.twilio(sink, report_url="https://otp:{{secret}}@otp.example.com/reports?reference={{reference}}",
                                       report_secret_file=self.secret("report", "s/cr t")))
        self.assertEqual(result, {"result": "accepted", "gateway_id": "SM0123"})
        request, = sink.requests
        self.assertEqual((request.method, request.target), ("POST", f"/2010-04-01/Accounts/{SID}/Messages.json"))
        self.assertEqual(request.fields["content-type"], "application/x-www-form-urlencoded")
        self.assertEqual(base64.b64decode(request.fields["authorization"].removeprefix("Basic ")).decode(), f"{SID}:{TOKEN}")
        self.assertEqual(parse_qs(request.body.decode(), strict_parsing=True),
                         {"To": [NUMBER], "From": ["+15550100"], "Body": [MESSAGE["text"]],
                          "StatusCallback": [f"https://otp:s%2Fcr%20t@otp.example.com/reports?reference={MESSAGE['id']}"]})

    def test_twilio_by_a_messaging_service(self):
        sink = self.serve(CREATED)
        self.assertEqual(self.send(self.twilio(sink, **{"from": "MG42"}))["result"], "accepted")
        self.assertEqual(set(parse_qs(sink.requests[0].body.decode())), {"To", "MessagingServiceSid", "Body"})

    def test_twilio_says_why_by_a_number(self):
        body = json.dumps({"code": 21211, "message": f"Invalid 'To' Phone Number: {NUMBER}", "status": 400})
        result = self.send(self.twilio(self.serve(answer(400, body))))
        self.assertEqual(result, {"result": "refused", "reason": "answered 400, code 21211"})

    def test_kannel_by_get(self):
        sink = self.serve(ACCEPTED)
        settings = self.kannel(sink, report_url="https://otp.example.com/reports?reference={{reference}}&type=%d", report_mask=31)
        self.assertEqual(self.send(settings), {"result": "accepted", "gateway_id": ""})
        request, = sink.requests
        url = urlsplit(request.target)
        self.assertEqual((request.method, url.path, request.body), ("GET", "/cgi-bin/sendsms", b""))
        self.assertEqual(parse_qs(url.query, strict_parsing=True),
                         {"username": ["otp"], "password": [TOKEN], "from": ["Countersign"], "to": [NUMBER], "text": [MESSAGE["text"]],
                          "charset": ["UTF-8"], "coding": ["0"], "dlr-mask": ["31"],
                          "dlr-url": [f"https://otp.example.com/reports?reference={MESSAGE['id']}&type=%d"]})

    def test_kannel_by_post_has_nothing_in_the_url(self):
        sink = self.serve(answer(202, "3: Queued for later delivery"))
        text = {"text": "123456 ✓"}
        self.assertEqual(self.send(self.kannel(sink, method="POST"), text)["result"], "accepted")
        request, = sink.requests
        self.assertEqual((request.method, request.target), ("POST", "/cgi-bin/sendsms"))
        self.assertEqual(request.body.decode(), text["text"])
        self.assertEqual({name: value for name, value in request.fields.items() if name.startswith("x-kannel-")},
                         {"x-kannel-username": "otp", "x-kannel-password": TOKEN, "x-kannel-from": "Countersign", "x-kannel-to": NUMBER,
                          "x-kannel-coding": "2"})

    def test_kannel_that_does_not_accept(self):
        for content, expected in ((answer(202, "Sent."), "unknown"), (answer(403, "Authorization failed for sendsms"), "later"),
                                  (answer(403, "Not routable. Do not try again."), "refused"), (answer(400, "Sender missing"), "refused"),
                                  (answer(503, "Temporal failure, try again later."), "later")):
            with self.subTest(content=content):
                sink = self.serve(content)
                self.assertEqual(self.send(self.kannel(sink))["result"], expected)
                self.assertEqual(len(sink.requests), 1)

    def test_json(self):
        sink = self.serve(answer(200, json.dumps({"messages": [{"id": 4711}]})))
        text = {"text": 'He said "123456"\nand \\ left'}
        self.assertEqual(self.send(self.json(sink), text), {"result": "accepted", "gateway_id": "4711"})
        request, = sink.requests
        self.assertEqual((request.method, request.target), ("POST", "/v2/send?mode=otp"))
        self.assertEqual(request.fields["authorization"], f"Bearer {TOKEN}")
        self.assertEqual(request.fields["x-api-version"], "2")
        self.assertEqual(request.fields["content-type"], "application/json")
        self.assertEqual(json.loads(request.body), {"messages": [{"to": NUMBER[1:], "number": NUMBER, "content": text["text"],
                                                                  "ref": f"cs-{MESSAGE['id']}", "ttl": 300}], "sender": "Wir"})

    def test_json_by_put_without_an_id(self):
        sink = self.serve(answer(204, length=False))
        self.assertEqual(self.send(self.json(sink, method="PUT", id_at=None)), {"result": "accepted", "gateway_id": ""})
        self.assertEqual(sink.requests[0].method, "PUT")

    def test_an_id_that_is_not_where_it_should_be(self):
        for body in ('{"error":"no such number"}', "", "not JSON", '{"messages":[{"id":"with blank"}]}', '{"messages":[{"id":{}}]}'):
            with self.subTest(body=body):
                self.assertEqual(self.send(self.json(self.serve(answer(200, body))))["result"], "unknown")

    def test_each_status(self):
        for status, expected in BY_STATUS.items():
            with self.subTest(status=status):
                sink = self.serve(answer(status, f"{NUMBER} 123456", "Location: /elsewhere"))
                result = self.send(self.json(sink))
                self.assertEqual(result["result"], expected, result)
                self.assertIn(f"answered {status}", result["reason"])
                self.assertEqual(len(sink.requests), 1)

    def test_a_pause_that_is_asked_for(self):
        for text, expected in (("17", 17), ("999999", 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", None)):
            with self.subTest(text=text):
                result = self.send(self.twilio(self.serve(answer(429, "", f"Retry-After: {text}"))))
                self.assertEqual((result["result"], result.get("after_s")), ("later", expected))

    def test_answers_that_come_slowly_or_oddly(self):
        bytewise = [bytes([byte]) for byte in CREATED]
        chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nf\r\n{\"sid\":\"SM0123\"\r\n1\r\n}\r\n0\r\n\r\n"
        for pieces in (bytewise, [b"HTTP/1.1 100 Continue\r\n\r\n", CREATED], [chunked], [answer(201, '{"sid":"SM0123"}', length=False)]):
            with self.subTest(pieces=pieces[:2]):
                sink = self.serve(*pieces)
                self.assertEqual(self.send(self.twilio(sink)), {"result": "accepted", "gateway_id": "SM0123"})
                self.assertEqual(len(sink.requests), 1)

    def test_no_answer_is_unknown(self):
        patience = {"timeout_ms": 8000}  # long enough to come that far
        for behaviour in (CLOSE, HANG, b"nonsense\r\n\r\n", b"HTTP/1.1 20", CREATED[:-5], answer(200, "x" * 100_000)):
            with self.subTest(behaviour=behaviour[:30]):
                sink = self.serve(behaviour)
                self.assertEqual(self.send(self.twilio(sink, **patience))["result"], "unknown")
                self.assertEqual(len(sink.requests), 1)

    def test_a_refusal_that_is_cut_off_is_a_refusal(self):
        self.assertEqual(self.send(self.twilio(self.serve(answer(400, "x" * 100)[:-50])))["result"], "refused")

    def test_closed_before_anything_was_read(self):
        # The system may have taken the request before it learns that nobody reads it.
        sink = self.serve(REFUSE_UNREAD)
        self.assertIn(self.send(self.twilio(sink))["result"], ("later", "unknown"))
        self.assertEqual(sink.requests, [])

    def test_tls(self):
        trusted = str(self.home / "cert.pem")
        sink = self.serve(CREATED, certificate=self.home)
        self.assertEqual(self.send(self.twilio(sink, authorities_file=trusted))["result"], "accepted")
        self.assertEqual(len(sink.requests), 1)
        stranger = self.send(self.twilio(sink))
        self.assertEqual(stranger["result"], "later")
        self.assertIn("certificate", stranger["reason"])
        other = self.send(self.twilio(sink, authorities_file=trusted, url=sink.url.replace("127.0.0.1", "localhost")), allow=("127.0.0.1", "::1"))
        self.assertEqual(other["result"], "later")
        self.assertEqual(len(sink.requests), 1)

    def test_tls_that_is_not_spoken(self):
        sink = self.serve(CREATED)
        self.assertEqual(self.send(self.twilio(sink, url=sink.url.replace("http:", "https:"), timeout_ms=3000))["result"], "later")
        self.assertEqual(sink.requests, [])

    def test_nobody_listens(self):
        port = free_port()
        result = self.send({"gateway": "twilio", "url": f"http://127.0.0.1:{port}", "from": "x", "user": SID, "password_file": self.password()})
        self.assertEqual(result["result"], "later")
        self.assertIn(f"127.0.0.1 port {port}", result["reason"])

    def test_an_address_that_egress_does_not_allow(self):
        sink = self.serve(CREATED)
        result = self.send(self.twilio(sink), allow=())
        self.assertEqual((result["result"], sink.requests), ("later", []))
        self.assertIn("egress.allow", result["reason"])

    def test_what_no_gateway_is_asked_for(self):
        sink = self.serve(CREATED)
        for flaw in ({"to": "0151 1234567"}, {"to": "anna@example.com"}, {"to": ""}, {"text": ""}, {"text": "x" * 1531}, {"text": "a\rb"},
                     {"id": "ä"}):
            with self.subTest(flaw=flaw):
                self.assertEqual(self.send(self.twilio(sink), flaw)["result"], "refused")
        self.assertEqual(sink.requests, [])

    def test_settings_that_cannot_be(self):
        sink = self.serve(CREATED)
        rows = (
            (self.twilio, {"gateway": "pigeon"}, "gateway", "twilio or kannel or json"), (self.twilio, {"url": "http://example.com"}, "url", "https"),
            (self.twilio, {"url": "https://a:b@example.com"}, "url", "user or password"),
            (self.twilio, {"method": "POST"}, "method", "kannel and json"),
            (self.twilio, {"from": ""}, "from", "sender"), (self.twilio, {"from": "a\r\nb"}, "from", "printable"),
            (self.twilio, {"user": "a:b"}, "user", "colon"), (self.twilio, {"password_file": None}, "password", "password"),
            (self.twilio, {"report_url": "https://example.com/"}, "report_url", "{{reference}} is missing"),
            (self.twilio, {"report_url": "https://example.com/{{x}}"}, "report_url", "character 21: there is no {{x}}"),
            (self.twilio, {"report_url": "https://a:b@example.com/{{reference}}"}, "report_url", "write {{secret}} for it"),
            (self.twilio, {"report_url": "https://a:{{secret}}@example.com/{{reference}}"}, "report_url", "needs a report_secret_file"),
            (self.twilio, {"body": {"a": 1}}, "body", "for json"), (self.kannel, {"method": "PUT"}, "method", "GET or POST"),
            (self.kannel, {"report_mask": 32}, "report_mask", "1 to 31"), (self.kannel, {"nonsense": 1}, "nonsense", "no such setting"),
            (self.kannel, {"timeout_ms": 0}, "timeout_ms", "1 to 600000"), (self.kannel, {"calling_code": "049"}, "calling_code", "calling code"),
            (self.json, {"body": "{"}, "body", "JSON"), (self.json, {"body": None}, "body", "object or array"),
            (self.json, {"body": {"a": [1, {"b": "{{to}} {{text}} {{code}}"}]}}, "body", "/a/1/b: character 17: there is no {{code}}"),
            (self.json, {"body": {"a": "{{to}}"}}, "body", "{{text}} is missing"), (self.json, {"body": {"a": "{{text}}"}}, "body", "{{to_digits}}"),
            (self.json, {"method": "GET"}, "method", "POST or PUT"), (self.json, {"id_at": "id"}, "id_at", "JSON pointer"),
            (self.json, {"id_at": "/~2"}, "id_at", "JSON pointer"),
            (self.json, {"headers_file": self.secret("host", "Host: example.com")}, "headers_file", "set by Countersign"),
            (self.json, {"headers_file": self.secret("odd", "no colon")}, "headers_file", "field's name"),
            (self.json, {"headers_file": self.secret("bad", "a b: c")}, "headers_file", "field's name"))
        for settings, changed, name, says in rows:
            with self.subTest(changed=changed):
                flaw = self.send(settings(sink, **changed))
                self.assertEqual((flaw["result"], flaw["name"].removesuffix("_file")), ("flaw", name.removesuffix("_file")))
                self.assertIn(says, flaw["text"])


if __name__ == "__main__":
    unittest.main()
