"""Receivers of pushed events, for the tests in this directory: a webhook over loopback that behaves as a test wants, and
rsyslog as Debian has it. Both remember what came, in order."""
import base64
import hashlib
import hmac
import http.server
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from support import until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from ports import free_port  # noqa: E402


def signature_of(secret, id, timestamp, body):
    """As the specification of Standard Webhooks has it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()


class Webhook:
    """Answers what `answer` says: a status, or "hang" until release(). Keeps its port over stop() and start()."""

    def __init__(self):
        self.port, self.secret, self.answer, self.retry_after = free_port(), None, 200, None
        self.lines, self.requests, self.wrong = [], [], []
        self.lock, self.released, self.server = threading.Lock(), threading.Event(), None
        self.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/in?token=in-the-path"

    def start(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = outer.take(self.path, self.headers, body)
                if answer == "hang":
                    outer.released.wait()
                    self.close_connection = True
                    return
                self.send_response(answer)
                if outer.retry_after is not None and answer != 200:
                    self.send_header("Retry-After", str(outer.retry_after))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address, daemon_threads, block_on_close = True, True, False

            def handle_error(self, *_):
                pass  # who is killed while it sends

        self.released.clear()
        self.server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, path, headers, body):
        with self.lock:
            self.requests.append({name.lower(): value for name, value in headers.items()} | {"path": path})
            if self.secret:
                expected = signature_of(self.secret, headers["webhook-id"], headers["webhook-timestamp"], body)
                if headers["webhook-signature"] != expected:
                    self.wrong.append(dict(headers))
            self.lines += [json.loads(line) for line in body.decode("utf-8").splitlines()]
            return self.answer

    def release(self):
        self.released.set()

    def stop(self):
        if self.server:
            self.released.set()
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def received(self):
        """Events only, repeats included."""
        with self.lock:
            return [line for line in self.lines if "sequence" in line]

    def notices(self, type):
        with self.lock:
            return [line for line in self.lines if line["type"] == type]


class Rsyslog:
    """rsyslogd in the foreground with RELP, plain TCP and TLS inputs. Its queue is direct: what it acknowledges is in the file."""

    PROGRAM = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin:/sbin")

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="countersign-rsyslog-"))
        self.relp, self.tls, self.tcp = free_port(), free_port(), free_port()
        self.file = self.directory / "events"
        self.process = None
        self.certificate()
        (self.directory / "rsyslog.conf").write_text(f'''
global(workDirectory="{self.directory}" maxMessageSize="128k" parser.escapeControlCharactersOnReceive="off"
       net.enableDNS="off" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{self.directory}/cert.pem"
       defaultNetstreamDriverCertFile="{self.directory}/cert.pem" defaultNetstreamDriverKeyFile="{self.directory}/key.pem")
main_queue(queue.type="Direct")
module(load="imrelp")
input(type="imrelp" port="{self.relp}" address="127.0.0.1" maxDataSize="128k")
module(load="imtcp" streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" port="{self.tls}" address="127.0.0.1")
module(load="imptcp")
input(type="imptcp" port="{self.tcp}" address="127.0.0.1")
template(name="line" type="list") {{ property(name="msg") constant(value="\\n") }}
action(type="omfile" file="{self.file}" template="line")
''')

    def certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                        "-days", "2", "-subj", "/CN=rsyslog", "-addext", "subjectAltName=IP:127.0.0.1"],
                       cwd=self.directory, check=True, stderr=subprocess.DEVNULL)

    @property
    def authorities(self):
        return (self.directory / "cert.pem").read_text()

    def start(self):
        said = open(self.directory / "said", "ab")
        with said:
            self.process = subprocess.Popen([self.PROGRAM, "-n", "-f", self.directory / "rsyslog.conf", "-i", self.directory / "pid"],
                                            stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        until(self.listens, f"rsyslogd listens: {(self.directory / 'said').read_text()}")
        return self

    def listens(self):
        for port in (self.relp, self.tls, self.tcp):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
            except OSError:
                return False
        return True

    def kill(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
        (self.directory / "pid").unlink(missing_ok=True)

    def close(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def received(self):
        """Events, repeats included. A last line that isn't whole yet is left out, and so is one that a kill cut off."""
        if not self.file.exists():
            return []
        events = []
        for line in self.file.read_text("utf-8", "replace").split("\n")[:-1]:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if "sequence" in event:
                events.append(event)
        return events
