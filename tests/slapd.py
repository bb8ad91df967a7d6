"""A directory of its own for a test: Debian's slapd on free ports of the loopback."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.crypto.certificate import ensure_self_signed
from tests.needs import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMAS = Path("/etc/ldap/schema")
MODULES = Path("/usr/lib/ldap")
BASE = "dc=hospital,dc=example"
SERVICE, SERVICE_PASSWORD = f"cn=faceauth,{BASE}", "the service's own"
PEOPLE = {
    "ana.souza": "seis caixas de gaze azul",
    "bia.souza": "coração de São João",
    "o*(brien)\\": "nine vials of serum",
}

CONFIGURATION = """\
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
pidfile {folder}/slapd.pid
modulepath {modules}
moduleload back_mdb
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
database mdb
maxsize 16777216
suffix "{base}"
rootdn "cn=root,{base}"
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{service}" read by anonymous auth by * none
"""


@dataclass
class Slapd:
    """A directory that runs; ``stop`` and ``start`` it at will."""

    folder: Path
    port: int
    tls_port: int
    program: str
    certificate: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://localhost:{self.tls_port}"

    @property
    def search(self) -> dict[str, Any]:
        """How the service finds people."""
        return {"base": f"ou=people,{BASE}", "bind_dn": SERVICE, "bind_password": SERVICE_PASSWORD, "timeout_s": 5.0}

    def start(self) -> None:
        urls = f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"
        command = [self.program, "-d", "0", "-h", urls, "-f", str(self.folder / "slapd.conf")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        deadline = time.monotonic() + 20
        for port in (self.port, self.tls_port):
            while not _listens(port):
                assert self.process.poll() is None, "slapd does not start"
                assert time.monotonic() < deadline, "slapd does not listen"
                time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@contextmanager
def slapd(folder: Path) -> Iterator[Slapd]:
    """Run a directory with ``PEOPLE`` in it; the test is skipped, saying so, where slapd is not installed."""
    path = "/usr/sbin:/usr/bin:/sbin:/usr/local/sbin"
    program, loader = shutil.which("slapd", path=path), shutil.which("slapadd", path=path)
    if program is None or loader is None or not SCHEMAS.is_dir():
        missing("slapd is not installed: apt-get install slapd")
    certificate, key = ensure_self_signed(folder / "tls", ["localhost", "127.0.0.1"])
    (folder / "db").mkdir()
    configuration = folder / "slapd.conf"
    names = {"folder": folder, "certificate": certificate, "key": key, "base": BASE, "service": SERVICE}
    configuration.write_text(CONFIGURATION.format(schemas=SCHEMAS, modules=MODULES, **names), encoding="utf-8")
    (folder / "people.ldif").write_text(_ldif(), encoding="utf-8")
    subprocess.run(  # noqa: S603 - the tool that came with slapd
        [loader, "-f", str(configuration), "-l", str(folder / "people.ldif")], check=True, capture_output=True
    )
    directory = Slapd(folder, _free_port(), _free_port(), program, Path(certificate))
    directory.start()
    try:
        yield directory
    finally:
        directory.stop()


def _ldif() -> str:
    entries = [
        f"dn: {BASE}\nobjectClass: domain\ndc: hospital\n",
        f"dn: ou=people,{BASE}\nobjectClass: organizationalUnit\nou: people\n",
        f"dn: {SERVICE}\nobjectClass: person\ncn: faceauth\nsn: faceauth\nuserPassword: {SERVICE_PASSWORD}\n",
        f"dn: cn=without,ou=people,{BASE}\nobjectClass: inetOrgPerson\ncn: without\nsn: without\nuid: without\n",
    ]
    entries += [
        f"dn: cn=person{number},ou=people,{BASE}\nobjectClass: inetOrgPerson\ncn: person{number}\nsn: x\n"
        f"uid: {name}\nuserPassword:: {_base64(password)}\n"
        for number, (name, password) in enumerate(PEOPLE.items())
    ]
    twins = {f"cn=twin{number}": ("twin", "twin password") for number in (1, 2)}
    for rdn, (name, password) in {**twins, "uid=eva": ("eva", "eva's")}.items():
        head = f"dn: {rdn},ou=people,{BASE}\nobjectClass: inetOrgPerson\nsn: x\n"
        cn = rdn.removeprefix("cn=") if rdn.startswith("cn=") else name
        entries.append(f"{head}cn: {cn}\nuid: {name}\nuserPassword: {password}\n")
    return "\n".join(entries)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0
