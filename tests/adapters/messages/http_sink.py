"""A server that takes SMS as Twilio, Kannel or any gateway with JSON does, misbehaves as a test says, and remembers every request that it
has read to its end."""
import socket
import ssl
import threading

# What it does with a whole request instead of answering; REFUSE_UNREAD closes before anything is read.
CLOSE, HANG, REFUSE_UNREAD = "close", "hang", "refuse unread"


class Request:
    def __init__(self, head, body):
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = first.split(" ")
        self.fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.body = body


def answer(status, body="", *fields, length=True):
    """The bytes of an answer; without length its end is the connection's."""
    content = body.encode()
    lines = [f"HTTP/1.1 {status} Whatever", *fields] + ([f"Content-Length: {len(content)}"] if length else [])
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class Sink:
    """`behaviour` is one of the words above, or a list of pieces of bytes that are sent one after another before it closes."""

    def __init__(self, behaviour, certificate=None):
        self.behaviour, self.requests, self.lock, self.stopped = behaviour, [], threading.Lock(), threading.Event()
        self.context = None
        if certificate:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen()
        self.port = self.socket.getsockname()[1]
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection:
                if self.behaviour == REFUSE_UNREAD:
                    return
                request = self.read(connection)
                if request is None:
                    return
                with self.lock:
                    self.requests.append(request)
                if self.behaviour == HANG:
                    self.stopped.wait()
                elif self.behaviour != CLOSE:
                    for piece in self.behaviour:
                        connection.sendall(piece)
        except OSError:
            pass  # whoever doesn't trust the certificate, or has gone

    @staticmethod
    def read(connection):
        got = b""
        while b"\r\n\r\n" not in got:
            piece = connection.recv(4096)
            if not piece:
                return None
            got += piece
        head, body = got.split(b"\r\n\r\n", 1)
        request = Request(head, body)
        while len(request.body) < int(request.fields.get("content-length", 0)):
            piece = connection.recv(4096)
            if not piece:
                return None
            request.body += piece
        return request

    def stop(self):
        self.stopped.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
