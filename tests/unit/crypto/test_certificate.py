from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.crypto.certificate import ensure_self_signed
from adapters.memory.clock import FixedClock
from domain.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tls"


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def bring_certificate(folder: Path, name: str = "face.hospital.test") -> None:
    """Put a certificate there as the hospital's own authority would."""
    key = ec.generate_private_key(ec.SECP256R1())
    begins = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hospital CA")]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    folder.mkdir()
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_a_new_certificate_names_the_hosts_and_this_machine(folder: Path) -> None:
    certificate_path, key_path = ensure_self_signed(folder, ["face.hospital.test", "192.0.2.7", "0.0.0.0"])  # noqa: S104 - that it is left out is the point

    names = read(certificate_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    assert {"face.hospital.test", "localhost"} <= set(names.get_values_for_type(x509.DNSName))
    assert socket.gethostname() in names.get_values_for_type(x509.DNSName)
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert addresses == {"192.0.2.7", "127.0.0.1", str(ipaddress.ip_address("::1"))}
    assert key_path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in folder.iterdir()} == {"cert.pem", "key.pem"}


def test_it_lives_for_397_days_and_is_for_servers_only(folder: Path, clock: FixedClock) -> None:
    certificate = read(ensure_self_signed(folder, [], clock=clock)[0])

    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=397)
    assert certificate.not_valid_before_utc <= clock.now()
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_client_that_trusts_it_can_connect(folder: Path) -> None:
    certificate_path, key_path = ensure_self_signed(folder, [])
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(certificate_path, key_path)
    client_side = ssl.create_default_context(cafile=certificate_path)
    here, there = socket.socketpair()

    def serve() -> None:
        with server_side.wrap_socket(there, server_side=True) as connection:
            connection.sendall(b"hello")

    server = threading.Thread(target=serve)
    server.start()
    with client_side.wrap_socket(here, server_hostname="localhost") as connection:
        answer = connection.recv(5)
    server.join()

    assert answer == b"hello"


def test_it_is_kept_until_a_fortnight_before_its_end(folder: Path, clock: FixedClock) -> None:
    path, _ = ensure_self_signed(folder, [], clock=clock)
    first = path.read_bytes()

    clock.advance(timedelta(days=382))
    ensure_self_signed(folder, [], clock=clock)
    assert path.read_bytes() == first

    clock.advance(timedelta(days=1))
    ensure_self_signed(folder, [], clock=clock)
    assert path.read_bytes() != first


def test_it_is_made_anew_when_a_host_is_missing_or_the_key_is_gone_or_another(folder: Path) -> None:
    path, key_path = ensure_self_signed(folder, ["a.test"])
    first = path.read_bytes()

    ensure_self_signed(folder, ["a.test", "localhost"])
    assert path.read_bytes() == first

    ensure_self_signed(folder, ["b.test"])
    second = path.read_bytes()
    assert second != first

    key_path.unlink()
    ensure_self_signed(folder, ["b.test"])
    third = path.read_bytes()
    assert third != second

    key_path.write_text("not a key")
    ensure_self_signed(folder, ["b.test"])
    assert path.read_bytes() != third
    assert key_path.stat().st_mode & 0o777 == 0o600


def test_the_hospitals_certificate_is_used_and_never_touched_even_expired(folder: Path) -> None:
    bring_certificate(folder)
    before = [(path.name, path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.iterdir())]

    paths = ensure_self_signed(folder, ["another.test"])

    assert paths == (folder / "cert.pem", folder / "key.pem")
    assert [(path.name, path.read_bytes(), path.stat().st_mtime_ns) for path in sorted(folder.iterdir())] == before


@pytest.mark.parametrize("missing", ["cert.pem", "key.pem"])
def test_half_of_the_hospitals_pair_is_an_error_and_nothing_is_made(folder: Path, missing: str) -> None:
    bring_certificate(folder)
    (folder / missing).unlink()

    with pytest.raises(ConfigurationError, match="pem"):
        ensure_self_signed(folder, [])

    assert not (folder / missing).exists()


def test_what_is_no_certificate_is_an_error_and_is_left_alone(folder: Path) -> None:
    bring_certificate(folder)
    (folder / "cert.pem").write_text("not a certificate")

    with pytest.raises(ConfigurationError, match="not a certificate"):
        ensure_self_signed(folder, [])

    assert (folder / "cert.pem").read_text() == "not a certificate"


def test_a_host_that_cannot_stand_in_a_certificate_is_an_error(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="host name or an address"):
        ensure_self_signed(folder, ["a" * 70])
