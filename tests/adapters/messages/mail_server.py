"""A mail server (aiosmtpd) that misbehaves at one step as a test says, and remembers what it has taken responsibility for."""
import asyncio
import logging
import socket
import ssl
import threading
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

# What it says of connections that are broken on purpose; and of TLS from the start it doesn't know.
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)
warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")

USER, PASSWORD = b"countersign", b"p\xc3\xa4ssword with blanks"

# What happens at a step: a reply in place of the right one, or one of these.
CLOSE, HANG, KEEP_AND_CLOSE, KEEP_AND_HANG = "close", "hang", "keep and close", "keep and hang"


class Session(SMTP):
    """Faults of commands come before the command has had any effect; those at the end of the data after it was read."""

    def __init__(self, server, **settings):
        self.faults, self.greeted = server.faults, False
        super().__init__(server, **settings)

    async def misbehaves(self, step):
        fault = self.faults.get(step)
        if fault is None:
            return False
        if fault == HANG:
            await asyncio.Event().wait()
        elif fault == CLOSE:
            self.transport.abort()
        else:
            await super().push(fault)
        return True

    async def push(self, status):
        first, self.greeted = not self.greeted, True
        if first and await self.misbehaves("greeting"):
            self.transport.close()
            return
        await super().push(status)

    async def smtp_EHLO(self, hostname):
        if not await self.misbehaves("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg):
        if not await self.misbehaves("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg):
        if not await self.misbehaves("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg):
        self.event_handler.commands.append("MAIL " + arg)
        if not await self.misbehaves("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg):
        self.event_handler.commands.append("RCPT " + arg)
        if not await self.misbehaves("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg):
        if await self.misbehaves("DATA"):
            return
        if self.faults.get("body") == CLOSE:
            await super().push("354 go on")
            await self._reader.read(1)
            self.transport.abort()
            return
        await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg):
        self.event_handler.said_goodbye.set()
        await super().smtp_QUIT(arg)


class MailServer:
    """`kept` has the envelopes that it has taken; `commands` the arguments of MAIL and RCPT as they came. It has its port from the
    begin, and answers there from start() on."""

    def __init__(self, certificate=None, login=True, from_the_start=False, smtputf8=True, mechanisms=("PLAIN", "LOGIN"), **faults):
        self.faults, self.kept, self.commands, self.logins = faults, [], [], []
        self.said_goodbye = threading.Event()
        self.context = None
        if certificate:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        self.from_the_start = from_the_start
        starttls = None if from_the_start else self.context
        self.options = {"hostname": "mail.example.org", "enable_SMTPUTF8": smtputf8, "tls_context": starttls,
                        "require_starttls": bool(starttls), "auth_required": login and bool(certificate), "auth_require_tls": bool(starttls),
                        "authenticator": self.authenticate,
                        "auth_exclude_mechanism": [name for name in ("PLAIN", "LOGIN") if name not in mechanisms]}
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.loop, self.thread, self.listening = asyncio.new_event_loop(), None, threading.Event()

    def start(self):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        self.listening.wait()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.loop.create_server(
            lambda: Session(self, loop=self.loop, **self.options), sock=self.socket, ssl=self.context if self.from_the_start else None))
        self.listening.set()
        self.loop.run_forever()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0))

    def stop(self):
        if self.thread:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self.thread.join()
        self.loop.close()
        self.socket.close()

    def authenticate(self, _server, _session, _envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
        self.logins.append((mechanism, right))
        return AuthResult(success=right, handled=right)

    async def handle_DATA(self, server, _session, envelope):
        fault = self.faults.get("end")
        if fault in (KEEP_AND_CLOSE, KEEP_AND_HANG, None):
            self.kept.append(envelope)
        if fault in (HANG, KEEP_AND_HANG):
            await asyncio.Event().wait()
        if fault in (CLOSE, KEEP_AND_CLOSE):
            server.transport.abort()
            return "250 nobody hears this"
        return fault or "250 2.0.0 Ok: queued as 4F1A2B"
