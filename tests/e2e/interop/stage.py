"""What every scenario needs: certificates, servers, the program, and a list of what passed."""

import datetime
import ipaddress
import json
import os
import pathlib
import subprocess
import tempfile
import time
import traceback
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT = pathlib.Path(__file__).resolve().parents[3]
WORK = ROOT / "target/interop"
# No run of the program takes this long, even on a busy machine.
PATIENCE = 60

scenarios = []


def scenario(function):
    """Registers a test; its name is the sentence that is printed."""
    scenarios.append(function)
    return function


def perform(world):
    """Runs the scenarios and says which of them passed."""
    failed = 0
    for function in scenarios:
        started = time.monotonic()
        try:
            world.servers.order("reset")
            function(world)
            verdict = "PASS"
        except Exception:
            traceback.print_exc(limit=-3)
            verdict = "FAIL"
            failed += 1
        print(f"{verdict} {function.__name__.replace('_', ' ')} ({time.monotonic() - started:.1f}s)", flush=True)
    return failed


def certificates(folder):
    """An authority, and a server certificate of this machine that it signed: `ca.pem`, `server.pem`, `server.key`."""
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )

    def certificate(subject, key, issuer, signer, extensions):
        name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
        builder = x509.CertificateBuilder(name(issuer), name(subject), key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=2))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    constraint = x509.BasicConstraints(ca=True, path_length=None)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    (folder / "ca.pem").write_bytes(certificate("interop", authority, "interop", authority, [constraint]))
    (folder / "server.pem").write_bytes(certificate("server", server, "interop", authority, [names, usage]))
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "server.key").write_bytes(server.private_bytes(serialization.Encoding.PEM, *form))


class Servers:
    """The servers that others wrote."""

    def __init__(self, folder):
        command = [WORK / "python/bin/node", WORK / "servers.js", folder / "server.key", folder / "server.pem"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=WORK)
        line = self.process.stdout.readline()
        self.facts = json.loads(line)

    def order(self, name, value=None):
        """Says what happens next, or asks what was seen."""
        request = urllib.request.Request(f"{self.facts['control']}/{name}", json.dumps(value).encode())
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def seen(self):
        return self.order("seen")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)


class World:
    """A home folder, an authority to trust, and the program with nothing of the caller's environment."""

    def __init__(self, folder, servers):
        self.folder = folder
        self.servers = servers

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def environment(self, extra):
        return {
            "PATH": "/nonexistent",
            "HOME": str(self.folder),
            "HOLMES_PLUGINS": str(ROOT / "plugins"),
            "HOLMES_CACHE_DIR": str(WORK / "cache"),
            "XDG_STATE_HOME": str(WORK / "state"),
            "SSL_CERT_FILE": str(self.folder / "ca.pem"),
            **extra,
        }

    def entra(self, **extra):
        """An identity without its proof."""
        facts = self.servers.facts
        return {
            "AZURE_AD_TOKEN_AUTH": "true",
            "AZURE_AUTHORITY_HOST": facts["authority"],
            "AZURE_TENANT_ID": facts["tenant"],
            "AZURE_CLIENT_ID": facts["client"]["id"],
            **extra,
        }

    def pod(self, **extra):
        """What the workload identity webhook gives a pod."""
        token = self.write("azure-identity-token", self.servers.order("project")["token"])
        return self.entra(AZURE_FEDERATED_TOKEN_FILE=token, **extra)

    def model_list(self, **fields):
        """A model list with one entry, as the variable that names it."""
        entry = {"model": "azure/interop", "api_base": self.servers.facts["models"], "api_version": "v1", **fields}
        return {"MODEL_LIST_FILE_LOCATION": self.write("model_list.yaml", json.dumps({"interop": entry}))}

    def start(self, arguments, extra, **options):
        program = ROOT / "target/debug/holmes-host"
        return subprocess.Popen([program, *arguments], env=self.environment(extra), cwd=self.folder, text=True,
                                stdin=subprocess.DEVNULL, **options)

    def run(self, arguments, extra):
        """Runs the program to its end."""
        process = self.start(arguments, extra, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        stdout, stderr = process.communicate(timeout=PATIENCE)
        self.clean(stdout + stderr)
        return process.returncode, stdout, stderr

    def ask(self, extra, question="what is wrong with the worker?"):
        """Asks about a recorded cluster; the answer is a JSON document."""
        recording = ROOT / "examples/clusters/oom-crashloop.tar.gz"
        return self.run(["ask", question, "--snapshot", str(recording), "--no-triage", "--output", "json", "-vv"], extra)

    def clean(self, output):
        """No credential is in what the program says: none of the last parts of tokens, no key, no secret."""
        for credential in self.servers.order("issued"):
            for part in credential.split("."):
                assert part not in output or len(part) < 16, f"a credential leaked: {output}"
        assert "panicked at" not in output, output


def temporary():
    folder = tempfile.TemporaryDirectory(prefix="holmes-interop-")
    return folder, pathlib.Path(folder.name)


def free_of_proxies():
    """Nothing but this machine is spoken to."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            del os.environ[name]
