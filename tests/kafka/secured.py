"""Brokers that ask who comes: what makes those of brokers.py secured ones.

Clients come to CLIENT by SASL_SSL with SCRAM-SHA-512 or PLAIN, and to the door TLS with a certificate. An authorizer lets them do what
ACLs allow. INNER stays open and is the brokers' own: who comes there may do everything, so Kafka's tools are run there.
"""
import pathlib
import subprocess

DOOR = "TLS"
PLAIN_MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM_MODULE = "org.apache.kafka.common.security.scram.ScramLoginModule"
# Kafka 4 has it among its tools, 3 in its core.
ACL_COMMANDS = {"3.9": "kafka.admin.AclCommand", "4.1": "org.apache.kafka.tools.AclCommand"}
CONFIG_COMMAND = "kafka.admin.ConfigCommand"


class Authority:
    """A certificate authority of its own in this directory; openssl makes it."""

    def __init__(self, directory, name="Test authority"):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = self.directory / "ca.pem", self.directory / "ca.key"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.certificate, "-days", "2",
                     "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")

    @staticmethod
    def openssl(*arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")

    def issue(self, name):
        """(certificate, key) of this name, at 127.0.0.1."""
        key, request, certificate = (self.directory / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        extensions = self.directory / "extensions"
        extensions.write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                     "-extfile", extensions, "-out", certificate)
        return certificate, key


def settings(authority, plain_users):
    """Of brokers with the door TLS; `plain_users`: name -> password of those who come by PLAIN."""
    certificate, key = authority.issue("broker")
    keystore = authority.directory / "broker-chain.pem"
    keystore.write_text(key.read_text() + certificate.read_text())
    users = "".join(f' user_{name}="{password}"' for name, password in plain_users.items())
    return {
        "listener.security.protocol.map": f"CLIENT:SASL_SSL,INNER:PLAINTEXT,CONTROLLER:PLAINTEXT,{DOOR}:SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": keystore,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.certificate,
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.client.scram-sha-512.sasl.jaas.config": f"{SCRAM_MODULE} required;",
        "listener.name.client.plain.sasl.jaas.config": f"{PLAIN_MODULE} required{users};",
        f"listener.name.{DOOR.lower()}.ssl.client.auth": "required",
        # Whoever has the certificate CN=somebody is the user somebody.
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # nobody but who comes to INNER
        "allow.everyone.if.no.acl.found": "false",
    }


def tool(cluster, main_class, *arguments):
    """Runs one of Kafka's programs as the brokers themselves."""
    inner = ",".join(f"127.0.0.1:{broker.inner_port}" for broker in cluster.brokers)
    status, said = cluster.run_tool(main_class, "--bootstrap-server", inner, *arguments)
    if status:
        raise RuntimeError(f"{main_class} {' '.join(map(str, arguments))}: exit status {status}: {said}")
    return said


def add_scram_user(cluster, name, password):
    tool(cluster, CONFIG_COMMAND, "--alter", "--entity-type", "users", "--entity-name", name, "--add-config",
         f"SCRAM-SHA-512=[password={password}]")


def change_acls(cluster, *arguments):
    tool(cluster, ACL_COMMANDS[cluster.version], *arguments)
