#!/usr/bin/env python3
"""One-time passwords by message, and questions to OCRA tokens, from edge to edge: a real mail server and a gateway that takes SMS as Kannel
does, which fail, hang and come back; and a server that is killed while it sends. Each message arrives once at most, and of each one it is
known in the end what became of it."""
import base64
import collections
import email
import email.policy
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.parse

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path += [str(TESTS / "adapters/messages"), str(TESTS / "adapters/otp")]
from http_sink import HANG, Sink, answer  # noqa: E402
from mail_server import KEEP_AND_HANG, MailServer  # noqa: E402
from ocra_judge import response as ocra_response  # noqa: E402
from support import PROGRAMS, Server, key, main, until, verify  # noqa: E402

PATH, CHALLENGES, REPORTS = "/v1/authenticators", "/v1/challenges", "/v1/delivery-reports"
ACCEPTED = [answer(202, "0: Accepted for delivery")]
BUSY = [answer(503, "3: later")]
REPORT_SECRET = "a secret of the gateway"
NO_LIMITS = {"LIMITS_MESSAGE_PAUSE_S": "0", "LIMITS_MESSAGES_PER_HOUR": "0", "LIMITS_CHALLENGES_PER_SOURCE": "0"}


def password_in(text):
    return re.search(r"\b(\d{6})\b", text).group(1)


class Messages(unittest.TestCase):
    def setUp(self):
        self.sink = Sink(ACCEPTED)
        self.addCleanup(self.sink.stop)
        self.mail = MailServer(login=False)
        self.addCleanup(self.mail.stop)

    def start(self, mail=True, **settings):
        """A server whose messages go to the mail server and the sink."""
        if mail:
            self.mail.start()
        self.server = Server(start=False)
        self.addCleanup(self.server.close)
        self.server.settings = NO_LIMITS | {
            "EGRESS_ALLOW": "127.0.0.1", "MAIL_HOST": "127.0.0.1", "MAIL_PORT": str(self.mail.port), "MAIL_TLS": "none",
            "MAIL_FROM": "otp@example.com", "SMS_GATEWAY": "kannel", "SMS_URL": self.sink.url + "/cgi-bin/sendsms", "SMS_FROM": "Example",
            "SMS_USER": "otp", "SMS_PASSWORD_FILE": self.secret("sms", "gateway's password"), "SMS_CALLING_CODE": "49",
            "SMS_TRUNK_PREFIX": "0", "SMS_REPORT_URL": "https://otp.example.com/v1/delivery-reports?reference={{reference}}&type=%d",
            "SMS_REPORT_SECRET_FILE": self.secret("report", REPORT_SECRET)} | settings
        self.server.start()
        self.admin = self.server.account("Example")
        self.gateway = self.admin.api_key("gateway")

    def secret(self, name, text):
        path = self.server.scratch / name
        path.write_text(text)
        os.chmod(path, 0o600)
        return str(path)

    # --- what people do

    def enrol(self, user, type, **more):
        return self.admin.post(PATH, {"user_id": user["id"], "type": type} | more, headers=key()).expect(201).json

    def challenge(self, user, who=None, **more):
        return (who or self.gateway).post(CHALLENGES, {"user_id": user["id"]} | more)

    def shown(self, authenticator):
        return self.admin.get(f"{PATH}/{authenticator['id']}").expect(200).json

    def delivery(self, authenticator, *wanted):
        """Waits until its message has become one of these."""
        def look():
            challenge = self.shown(authenticator)["challenge"]
            return challenge if challenge["delivery"] in wanted else None
        return until(look, f"the message is {' or '.join(wanted)}", timeout=60)

    def active(self, user, type, **more):
        authenticator = self.enrol(user, type, **more)
        self.challenge(user, self.admin, authenticator_id=authenticator["id"]).expect(201)
        self.delivery(authenticator, "sent")
        otp = self.mailed()[-1] if type == "email" else self.texted()[-1]
        confirmed = self.admin.post(f"{PATH}/{authenticator['id']}/confirm", {"otp": otp}).expect(200).json
        self.assertEqual(confirmed["status"], "active")
        return confirmed

    def verified(self, user, otp):
        return self.gateway.post("/v1/verify", {"user_id": user["id"], "otp": otp}).expect(200).json["verified"]

    # --- what they get

    def mailed(self):
        messages = [email.message_from_bytes(kept.content, policy=email.policy.default) for kept in self.mail.kept]
        return [password_in(message.get_content()) for message in messages]

    def sent_texts(self):
        """[(number, reference, text)] of what the gateway has read."""
        out = []
        with self.sink.lock:
            requests = list(self.sink.requests)
        for request in requests:
            query = {name: values[0] for name, values in urllib.parse.parse_qs(urllib.parse.urlsplit(request.target).query).items()}
            report = urllib.parse.parse_qs(urllib.parse.urlsplit(query["dlr-url"]).query)
            out.append((query["to"], report["reference"][0], query["text"]))
        return out

    def texted(self):
        return [password_in(text) for _, _, text in self.sent_texts()]

    # --- tests

    def test_login_by_mail(self):
        self.start()
        user = self.admin.user("ada@example.com")
        mail = self.active(user, "email", name="Ada's mail")
        self.assertEqual((mail["email"], mail["phone"]), ("a***@example.com", None))
        issued = self.challenge(user).expect(201)
        self.assertEqual(issued.headers["Cache-Control"], "no-store")
        self.assertEqual((issued.json["type"], issued.json["channel"], issued.json["authenticator_id"]), ("email", "email", mail["id"]))
        self.delivery(mail, "sent")
        self.assertEqual(self.mail.kept[-1].rcpt_tos, ["ada@example.com"])
        otp = self.mailed()[-1]
        self.assertTrue(self.verified(user, otp))
        self.assertFalse(self.verified(user, otp), "a challenge is answered once")
        self.assertNotEqual(self.mailed()[0], otp)
        self.assertNotIn(otp, self.server.said())
        for event in self.admin.events():
            self.assertNotIn(otp, str(event["details"]))

    def test_login_by_sms(self):
        self.start()
        user = self.admin.user()
        sms = self.active(user, "sms", phone="0151 / 1234 5678")
        self.assertEqual(sms["phone"], "+49******78")
        self.challenge(user).expect(201)
        self.delivery(sms, "sent")
        number, _, text = self.sent_texts()[-1]
        self.assertEqual(number, "+4915112345678")
        self.assertIn("Example", text)
        self.assertTrue(self.verified(user, self.texted()[-1]))

    def test_virtual_by_both(self):
        self.start()
        user = self.admin.user("ada@example.com")
        virtual = self.active(user, "virtual", phone="+491511234567", email="other@example.com")
        for channel, received in (("sms", self.texted), ("email", self.mailed)):
            self.assertEqual(self.challenge(user, channel=channel).expect(201).json["channel"], channel)
            self.delivery(virtual, "sent")
            self.assertTrue(self.verified(user, received()[-1]))
        self.assertEqual(self.mail.kept[-1].rcpt_tos, ["other@example.com"])

    def test_replaced_by_a_virtual_one_that_keeps_name_and_number(self):
        self.start()
        user = self.admin.user()
        sms = self.active(user, "sms", phone="+491511234567", name="Ada's phone")
        virtual = self.admin.post(f"{PATH}/{sms['id']}/replace", {"type": "virtual"}, headers=key()).expect(201).json
        self.assertEqual((virtual["name"], virtual["phone"]), ("Ada's phone", sms["phone"]))
        self.challenge(user, self.admin, authenticator_id=virtual["id"]).expect(201)
        self.delivery(virtual, "sent")
        self.admin.post(f"{PATH}/{virtual['id']}/confirm", {"otp": self.texted()[-1]}).expect(200)
        self.admin.get(f"{PATH}/{sms['id']}").expect(404)

    def test_another_number_closes_the_challenge(self):
        self.start()
        user = self.admin.user()
        sms = self.active(user, "sms", phone="+491511234567")
        self.challenge(user).expect(201)
        self.delivery(sms, "sent")
        edited = self.admin.patch(f"{PATH}/{sms['id']}", {"phone": "+491517654321"}).expect(200).json
        self.assertEqual((edited["status"], edited["challenge"]["open"]), ("active", False))
        self.assertFalse(self.verified(user, self.texted()[-1]))
        self.challenge(user).expect(201)
        self.delivery(sms, "sent")
        self.assertEqual(self.sent_texts()[-1][0], "+491517654321")
        self.admin.patch(f"{PATH}/{sms['id']}", {"email": "a@example.com"}).expect(422, "invalid-fields")
        self.admin.patch(f"{PATH}/{sms['id']}", {"phone": "nobody's"}).expect(422, "invalid-fields")

    def test_an_outage_ends(self):
        self.start(mail=False)
        self.sink.behaviour = BUSY
        users = [self.admin.user(), self.admin.user()]
        mail, sms = self.enrol(users[0], "email"), self.enrol(users[1], "sms", phone="+491511234567")
        for user, authenticator in zip(users, (mail, sms)):
            self.challenge(user, self.admin, authenticator_id=authenticator["id"]).expect(201)
        for authenticator in (mail, sms):
            until(lambda: self.shown(authenticator)["challenge"]["attempts"] >= 2, "it was tried again", timeout=60)
        self.mail.start()
        self.sink.behaviour = ACCEPTED
        refused_before = len(self.sink.requests)
        for user, authenticator in zip(users, (mail, sms)):
            self.delivery(authenticator, "sent")
        self.assertEqual(len(self.mail.kept), 1)
        self.assertLessEqual(len(self.sink.requests) - refused_before, 1)
        self.admin.post(f"{PATH}/{mail['id']}/confirm", {"otp": self.mailed()[0]}).expect(200)
        self.admin.post(f"{PATH}/{sms['id']}/confirm", {"otp": self.texted()[-1]}).expect(200)

    def test_what_is_too_slow_is_reported_and_not_sent_again(self):
        self.mail.faults["end"] = KEEP_AND_HANG
        self.sink.behaviour = HANG
        self.start(MAIL_TIMEOUT_MS="1500", SMS_TIMEOUT_MS="1500")
        user = self.admin.user()
        for type in ("email", "sms"):
            slow = self.enrol(user, type, **({"phone": "+491511234567"} if type == "sms" else {}))
            self.challenge(user, self.admin, authenticator_id=slow["id"]).expect(201)
            self.assertEqual(self.delivery(slow, "undelivered")["delivery_reason"], "delivery_unknown")
        self.assertEqual((len(self.mail.kept), len(self.sink.requests)), (1, 1))
        # It may have arrived, and then it is as good as any.
        self.admin.post(f"{PATH}/{slow['id']}/confirm", {"otp": self.texted()[0]}).expect(200)

    def test_kill_9_in_the_middle(self):
        self.start()
        self.sink.behaviour = HANG
        self.mail.faults["end"] = KEEP_AND_HANG
        all = []
        for i in range(24):
            user = self.admin.user()
            one = self.enrol(user, "sms", phone=f"+4915112340{i:02}") if i % 2 else self.enrol(user, "email")
            self.challenge(user, self.admin, authenticator_id=one["id"]).expect(201)
            all.append(one)
        until(lambda: self.sink.requests and self.mail.kept, "something is being sent")
        self.server.kill()
        self.sink.behaviour = ACCEPTED
        del self.mail.faults["end"]
        self.server.start()
        ended = {one["id"]: self.delivery(one, "sent", "undelivered") for one in all}
        arrived = collections.Counter(reference.split("-")[1] for _, reference, _ in self.sent_texts())
        for kept in self.mail.kept:
            arrived[re.search(r"Message-ID: <[^-]*-([^-]*)-", kept.content.decode(), re.I).group(1)] += 1
        fates = collections.Counter(challenge["delivery"] for challenge in ended.values())
        self.assertGreater(fates["sent"], 0, fates)
        self.assertGreater(fates["undelivered"], 0, fates)
        for id, challenge in ended.items():
            self.assertLessEqual(arrived[id], 1, "once at most")
            if challenge["delivery"] == "sent":
                self.assertEqual(arrived[id], 1)
            else:
                self.assertEqual(challenge["delivery_reason"], "delivery_unknown")
        self.assertEqual(self.server.stop(), 0)
        verify(self.server.data)

    def test_delivery_reports(self):
        self.start()
        user = self.admin.user()
        sms = self.enrol(user, "sms", phone="+491511234567")
        self.challenge(user, self.admin, authenticator_id=sms["id"]).expect(201)
        self.delivery(sms, "sent")
        reference = self.sent_texts()[-1][1]
        nobody, gateway = self.server.client(), self.server.client(REPORT_SECRET)
        query = {"reference": reference, "type": "1"}
        nobody.get(REPORTS, query).expect(401, "unauthorized")
        self.server.client("another secret").get(REPORTS, query).expect(401)
        gateway.get(REPORTS, query | {"type": "8"}).expect(204)
        self.assertEqual(self.shown(sms)["challenge"]["delivery"], "sent")
        gateway.get(REPORTS, {"type": "1"}).expect(400, "report-malformed")
        gateway.get(REPORTS, query | {"reference": "somebody-elses-message"}).expect(204)
        basic = "Basic " + base64.b64encode(f"kannel:{REPORT_SECRET}".encode()).decode()
        nobody.get(REPORTS, query, headers={"Authorization": basic}).expect(204)
        self.assertEqual(self.delivery(sms, "delivered")["delivery_reason"], None)
        gateway.get(REPORTS, query | {"type": "2"}).expect(204)  # it was delivered already
        self.assertEqual(self.shown(sms)["challenge"]["delivery"], "delivered")
        self.challenge(user, self.admin, authenticator_id=sms["id"]).expect(201)
        self.delivery(sms, "sent")
        gateway.get(REPORTS, {"reference": self.sent_texts()[-1][1], "type": "16"}).expect(204)
        self.assertEqual(self.delivery(sms, "undelivered")["delivery_reason"], "delivery_failed")

    def test_limits(self):
        self.start(LIMITS_MESSAGE_PAUSE_S="30", LIMITS_MESSAGES_PER_HOUR="5", LIMITS_CHALLENGES_PER_SOURCE="6")
        user = self.admin.user()
        sms, mail = self.enrol(user, "sms", phone="+491511234567"), self.enrol(user, "email")
        self.challenge(user, self.admin, authenticator_id=sms["id"]).expect(201)
        again = self.challenge(user, self.admin, authenticator_id=mail["id"]).expect(429, "too-many-challenges")
        self.assertLessEqual(int(again.headers["Retry-After"]), 30)
        [event] = until(lambda: self.admin.events('type eq "challenge.refused"'), "the refusal is an event")
        self.assertEqual(event["outcome"], {"result": "failure", "reason": "too_many_challenges"})
        answers = [self.challenge(user, self.admin, authenticator_id=mail["id"]) for _ in range(5)]
        self.assertIn("address", answers[-1].expect(429).json["detail"])
        self.delivery(sms, "sent")
        self.assertEqual((len(self.sink.requests), len(self.mail.kept)), (1, 0))

    def test_a_retry_sends_nothing(self):
        self.start()
        user = self.admin.user()
        mail = self.active(user, "email")
        same = key()
        first = self.gateway.post(CHALLENGES, {"user_id": user["id"]}, headers=same).expect(201)
        self.delivery(mail, "sent")
        again = self.gateway.post(CHALLENGES, {"user_id": user["id"]}, headers=same).expect(201)
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertEqual(first.json, again.json)
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertTrue(self.verified(user, self.mailed()[-1]))
        self.assertEqual(len(self.mail.kept), 2)

    def test_gateways_learn_only_that_there_is_none(self):
        self.start()
        pending, disabled = self.admin.user(), self.admin.user()
        self.enrol(pending, "email")
        self.active(disabled, "email")
        self.admin.post(f"/v1/users/{disabled['id']}/disable").expect(200)
        told = [self.challenge(user).expect(422, "challenge-not-issued").json["detail"]
                for user in ({"id": "usr_01k7szc1xme7yrm7mx2x17s1yd"}, pending, disabled)]
        self.assertEqual(len(set(told)), 1)
        self.challenge({"id": "usr_01k7szc1xme7yrm7mx2x17s1yd"}, self.admin).expect(404)
        self.challenge(disabled, self.admin).expect(409, "user-disabled")
        self.admin.api_key("auditor").post(CHALLENGES, {"user_id": pending["id"]}).expect(403)

    def test_the_command_line(self):
        self.start()
        user = self.admin.user()

        def cli(*arguments, **options):
            ran = subprocess.run([PROGRAMS / "countersign", "--server", f"http://127.0.0.1:{self.server.port}", "--key-file",
                                  self.secret("admin", self.admin.key), "--json", *arguments], text=True, capture_output=True, timeout=60, **options)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            return json.loads(ran.stdout)
        one = cli("authenticators", "enrol", user["id"], "--type", "virtual", "--phone", "0151 1234567")
        self.assertEqual(one["phone"], "+49******67")
        issued = cli("challenges", "issue", user["id"], "--authenticator", one["id"], "--channel", "email")
        self.assertEqual(issued["channel"], "email")
        self.delivery(one, "sent")
        self.assertEqual(cli("authenticators", "confirm", one["id"], input=self.mailed()[-1] + "\n")["status"], "active")
        self.assertEqual(cli("authenticators", "update", one["id"], "--phone", "+491517654389")["phone"], "+49******89")

    def test_without_a_transport(self):
        self.start(SMS_GATEWAY="")
        user = self.admin.user()
        body = {"user_id": user["id"], "type": "sms", "phone": "+491511234567"}
        self.admin.post(PATH, body, headers=key()).expect(409, "delivery-not-configured")
        virtual = self.enrol(user, "virtual", phone="+491511234567")
        self.challenge(user, self.admin, authenticator_id=virtual["id"], channel="sms").expect(409, "delivery-not-configured")
        self.assertEqual(self.challenge(user, self.admin, authenticator_id=virtual["id"]).expect(201).json["channel"], "email")

    def test_ocra(self):
        self.start()
        for suite in (None, "OCRA-1:HOTP-SHA256-8:C-QN08", "OCRA-1:HOTP-SHA512-7:QA10"):
            with self.subTest(suite):
                user = self.admin.user()
                token = self.enrol(user, "ocra", **({"suite": suite} if suite else {}))
                suite = token["suite"]
                secret, counter = base64.b32decode(token["secret"] + "=" * (-len(token["secret"]) % 8)), 0

                def response(question):
                    return ocra_response(suite, secret.hex(), counter, question, "-", "-", 0)
                asked = self.challenge(user, self.admin, authenticator_id=token["id"]).expect(201).json
                self.assertTrue(asked["qr"].startswith("<"))
                self.admin.post(f"{PATH}/{token['id']}/confirm", {"otp": response(asked["question"])}).expect(200)
                counter += 3
                asked = self.challenge(user, question="40071999").expect(201).json
                self.assertEqual(asked["question"], "40071999")
                self.assertFalse(self.verified(user, response("40071998")))
                self.assertTrue(self.verified(user, response("40071999")))
                self.assertFalse(self.verified(user, response("40071999")))
                self.challenge(user, question="?!").expect(422, "invalid-fields")
                [event] = self.admin.events(f'type eq "challenge.issued" and subject.id eq "{user["id"]}" and actor.id eq "{self.gateway.key_id}"')
                self.assertEqual(event["details"]["question"], "40071999")
        self.assertEqual((self.sink.requests, self.mail.kept), ([], []))


if __name__ == "__main__":
    main()
