#!/usr/bin/python3
"""The SMTP transport against a real mail server: at each step it refuses, puts off, closes or hangs, and each outcome is held against
what the server has kept. Needs aiosmtpd, a package of Debian's.

Usage: smtp_test.py PROGRAM
"""
import email
import email.policy
import email.utils
import time
import unittest

from mail_server import CLOSE, HANG, KEEP_AND_CLOSE, KEEP_AND_HANG, PASSWORD, USER, MailServer
from sending import GIVE_UP_S, Sending

TEXT = "Ihr Einmalpasswort: 123456\n\n.ein Punkt am Anfang = und ein Blank am Ende \nGrüße – 🔐\n" + "lang " * 60
MESSAGE = {"id": "msg_01h455vb4pex5vsknk084sn02q", "to": "Anna.Muster@example.com", "subject": "Einmalpasswort für Große Firma",
           "text": TEXT, "language": "de"}
BEFORE_MAIL = ("greeting", "EHLO", "STARTTLS", "AUTH")
COMMANDS = ("MAIL", "RCPT", "DATA")
SECRETS = ("123456", "Muster", "Große", PASSWORD.decode())


class Smtp(Sending):
    def serve(self, **settings):
        server = MailServer(**settings)
        self.addCleanup(server.stop)
        server.start()
        return server

    def down(self):
        """One that nobody can reach: it has a port, and doesn't listen."""
        server = MailServer()
        self.addCleanup(server.stop)
        return server

    def settings(self, server, **others):
        settings = {"host": "127.0.0.1", "port": server.port, "tls": "starttls", "authorities_file": str(self.home / "cert.pem"),
                    "user": USER.decode(), "password_file": self.secret("password", PASSWORD.decode() + "\n"), "ehlo_name": "node.example.com",
                    "from": "no-reply@example.org", "from_name": "Große Firma", "reply_to": "help@example.org"} | others
        return {name: value for name, value in settings.items() if value is not None}

    def send(self, server, message=None, allow=("127.0.0.1",), **settings):
        result = self.run_program("smtp", self.settings(server, **settings), MESSAGE | (message or {}), list(allow))
        for secret in SECRETS:
            self.assertNotIn(secret, result.get("reason", ""))
        return result

    def misbehaving(self, **fault):
        return self.serve(certificate=self.home, **fault)


    def plain(self, server, **others):
        return self.send(server, tls="none", authorities_file=None, user=None, password_file=None, **others)

    def test_a_mail_arrives_as_it_was_meant(self):
        server = self.serve(certificate=self.home)
        before = int(time.time())
        self.assertEqual(self.send(server), {"result": "accepted", "gateway_id": "4F1A2B"})
        self.assertEqual(server.logins, [("PLAIN", True)])
        self.assertEqual(server.commands, ["MAIL FROM:<no-reply@example.org>", "RCPT TO:<Anna.Muster@example.com>"])
        self.assertTrue(server.said_goodbye.wait(GIVE_UP_S))
        self.assertEqual(len(server.kept), 1)
        raw = server.kept[0].original_content
        self.assertTrue(raw.isascii())
        self.assertLessEqual(max(len(line) for line in raw.split(b"\r\n")), 76)
        self.assertNotIn(b"\n", raw.replace(b"\r\n", b""))
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        self.assertEqual(mail.defects, [])
        self.assertEqual(mail["From"].addresses[0].display_name, "Große Firma")
        self.assertEqual(mail["From"].addresses[0].addr_spec, "no-reply@example.org")
        self.assertEqual(str(mail["To"]), MESSAGE["to"])
        self.assertEqual(str(mail["Reply-To"]), "help@example.org")
        self.assertEqual(str(mail["Subject"]), MESSAGE["subject"])
        self.assertEqual(str(mail["Message-ID"]), f"<{MESSAGE['id']}@example.org>")
        self.assertEqual(str(mail["Content-Language"]), "de")
        self.assertEqual(mail["Content-Type"].content_type, "text/plain")
        self.assertGreaterEqual(int(email.utils.parsedate_to_datetime(str(mail["Date"])).timestamp()), before)
        self.assertEqual(mail.get_content().replace("\r\n", "\n"), TEXT + "\n")

    def test_tls_from_the_start(self):
        server = self.serve(certificate=self.home, from_the_start=True)
        self.assertEqual(self.send(server, tls="tls")["result"], "accepted")
        self.assertEqual(len(server.kept), 1)

    def test_without_tls_on_loopback(self):
        server = self.serve()
        self.assertEqual(self.plain(server)["result"], "accepted")
        self.assertEqual(len(server.kept), 1)

    def test_auth_login(self):
        server = self.serve(certificate=self.home, mechanisms=("LOGIN",))
        self.assertEqual(self.send(server)["result"], "accepted")
        self.assertEqual(server.logins, [("LOGIN", True)])

    def test_a_wrong_password_is_for_later(self):
        server = self.serve(certificate=self.home)
        result = self.send(server, password_file=self.secret("wrong", "wrong-password"))
        self.assertEqual((result["result"], server.kept, server.commands), ("later", [], []))
        self.assertIn("login was refused", result["reason"])
        self.assertNotIn("wrong-password", result["reason"])

    def test_a_server_without_any_login_that_we_know(self):
        server = self.serve(certificate=self.home, mechanisms=())
        result = self.send(server)
        self.assertEqual((result["result"], server.kept), ("later", []))

    def test_no_starttls_no_mail(self):
        server = self.serve(login=False)
        result = self.send(server)
        self.assertEqual((result["result"], server.kept, server.logins), ("later", [], []))
        self.assertIn("STARTTLS", result["reason"])

    def test_a_certificate_that_is_not_trusted(self):
        server = self.serve(certificate=self.home)
        result = self.send(server, authorities_file=None)
        self.assertEqual((result["result"], server.kept, server.logins), ("later", [], []))
        self.assertIn("certificate", result["reason"])

    def test_a_certificate_of_another_name(self):
        server = self.serve(certificate=self.home)
        result = self.send(server, host="localhost", allow=("127.0.0.1", "::1"))
        self.assertEqual((result["result"], server.kept, server.logins), ("later", [], []))
        self.assertIn("localhost", result["reason"])

    def test_nobody_listens(self):
        server = self.down()
        self.assertEqual(self.plain(server)["result"], "later")

    def test_an_address_that_egress_does_not_allow(self):
        server = self.serve()
        result = self.plain(server, allow=())
        self.assertEqual((result["result"], server.commands), ("later", []))
        self.assertIn("127.0.0.1 is a loopback address, which egress.allow does not list", result["reason"])

    def test_letters_beyond_ascii_before_the_at(self):
        address = {"to": "jörg@bücher.example"}
        server = self.serve(certificate=self.home)
        self.assertEqual(self.send(server, address)["result"], "accepted")
        self.assertEqual(server.commands[:2], ["MAIL FROM:<no-reply@example.org> SMTPUTF8", "RCPT TO:<jörg@xn--bcher-kva.example>"])
        old = self.serve(certificate=self.home, smtputf8=False)
        result = self.send(old, address)
        self.assertEqual((result["result"], old.kept, old.commands), ("refused", [], []))
        self.assertTrue(old.said_goodbye.wait(GIVE_UP_S))
        self.assertIn("SMTPUTF8", result["reason"])

    def test_what_no_server_is_asked_for(self):
        server = self.serve()
        for flaw in ({"to": "no address"}, {"to": "a@example.com\r\nRCPT TO:<b@example.com>"}, {"subject": "x\r\nBcc: b@example.com"},
                     {"subject": ""}, {"text": ""}, {"text": "bell \a"}, {"id": "a b"}, {"id": ""}, {"language": "de\r\n"}):
            with self.subTest(flaw=flaw):
                self.assertEqual(self.plain(server, message=flaw)["result"], "refused")
        self.assertEqual((server.commands, server.kept), ([], []))

    def test_each_step_puts_off(self):
        for step in BEFORE_MAIL + COMMANDS + ("end",):
            with self.subTest(step=step):
                server = self.misbehaving(**{step: "450 4.2.0 Anna.Muster@example.com is busy"})
                result = self.send(server)
                self.assertEqual((result["result"], server.kept), ("later", []), result)
                if step not in BEFORE_MAIL:
                    self.assertIn("answered 450 4.2.0", result["reason"])

    def test_each_step_refuses(self):
        for step in BEFORE_MAIL + COMMANDS + ("end",):
            with self.subTest(step=step):
                server = self.misbehaving(**{step: "550 5.1.1 <Anna.Muster@example.com> is unknown"})
                result = self.send(server)
                self.assertEqual((result["result"], server.kept), ("later" if step in BEFORE_MAIL else "refused", []), result)
                if step not in BEFORE_MAIL:
                    self.assertIn("answered 550 5.1.1", result["reason"])

    def test_each_step_shuts_down(self):
        for step in BEFORE_MAIL + COMMANDS + ("end",):
            with self.subTest(step=step):
                server = self.misbehaving(**{step: "421 4.3.2 closing"})
                result = self.send(server)
                self.assertEqual((result["result"], server.kept), ("later", []), result)

    def test_each_step_closes(self):
        for step in BEFORE_MAIL + COMMANDS:
            with self.subTest(step=step):
                server = self.misbehaving(**{step: CLOSE})
                result = self.send(server)
                self.assertEqual((result["result"], server.kept), ("later", []), result)

    def test_each_step_hangs(self):
        for step in BEFORE_MAIL + COMMANDS:
            with self.subTest(step=step):
                server = self.misbehaving(**{step: HANG})
                result = self.send(server, connect_timeout_ms=1500, timeout_ms=2000)
                self.assertEqual((result["result"], server.kept), ("later", []), result)

    def test_an_end_without_an_answer_is_unknown_whether_kept_or_not(self):
        for fault, kept in ((CLOSE, 0), (KEEP_AND_CLOSE, 1), (HANG, 0), (KEEP_AND_HANG, 1)):
            with self.subTest(fault=fault):
                server = self.misbehaving(end=fault)
                result = self.send(server, timeout_ms=10_000)  # long enough to come that far
                self.assertEqual((result["result"], len(server.kept)), ("unknown", kept), result)

    def test_an_answer_at_the_end_that_is_none(self):
        for answer in ("it went well", "354 more", "199 what"):
            with self.subTest(answer=answer):
                server = self.misbehaving(end=answer)
                self.assertEqual(self.send(server)["result"], "unknown")

    def test_closed_within_the_data(self):
        # The system may have taken all of it before it learns that nobody reads any more.
        server = self.misbehaving(body=CLOSE)
        result = self.send(server)
        self.assertEqual(server.kept, [])
        self.assertIn(result["result"], ("later", "unknown"))

    def test_settings_that_cannot_be(self):
        server = self.down()
        others = self.secret("two-lines", "one\ntwo\n")
        for name, value, says in (("tls", "maybe", "starttls or tls or none"), ("port", 65536, "0 to 65535"), ("port", "x", "0 to 65535"),
                                  ("host", "no host", "name or address"), ("from", "nobody", "not an e-mail address"),
                                  ("from", "jörg@example.org", "SMTPUTF8"), ("from_name", "a\nb", "control characters"),
                                  ("reply_to", "nobody", "not an e-mail address"), ("ehlo_name", "127.0.0.1", "name"),
                                  ("password_file", str(self.home / "missing"), "no such file"), ("password_file", others, "one line"),
                                  ("authorities_file", str(self.home / "key.pem"), "certificates in PEM"), ("nonsense", "1", "no such setting"),
                                  ("user", None, "go together")):
            with self.subTest(name=name, value=value):
                flaw = self.send(server, **{name: value})
                self.assertEqual((flaw["result"], flaw["name"]), ("flaw", name))
                self.assertIn(says, flaw["text"])
        beyond = self.send(server, tls="none", host="mail.example.com")
        self.assertEqual((beyond["result"], beyond["name"]), ("flaw", "tls"))

    def test_a_password_that_others_may_read(self):
        path = self.home / "open"
        path.write_text("secret")
        path.chmod(0o644)
        flaw = self.send(self.down(), password_file=str(path))
        self.assertEqual((flaw["result"], flaw["name"]), ("flaw", "password_file"))
        self.assertIn("chmod 600", flaw["text"])


if __name__ == "__main__":
    unittest.main()
