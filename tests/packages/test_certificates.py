"""A mirror whose certificate only the company knows, with the real pip over real TLS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packages.conftest import Build, checks, examined, use
from tests.packages.index import PROJECT, Index


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate in one file, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mirror"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "ca.pem")]
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1", *files], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "ca.pem").read_text())
    return both


@pytest.fixture
def bundle(certificate: Path) -> str:
    return str(certificate.with_name("ca.pem"))


@pytest.fixture
def mirror(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    server = Index(certificate=certificate)
    yield server
    server.close()


def test_with_the_companys_bundle_pip_installs_over_tls(
    service: Build, mirror: Index, bundle: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = service(pip_index=mirror.url, ca_bundle=bundle)
    # a variable of the machine that would outrank the file
    monkeypatch.setenv("PIP_CERT", "/etc/some-other-bundle.pem")
    use(found.apply().exports, monkeypatch)
    command = [sys.executable, "-m", "pip", "install", "--target", str(tmp_path / "lib"), PROJECT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {check.outcome.value for check in checks(examined(found)).values()} == {"ok"}


def test_without_it_the_doctor_says_that_the_certificate_is_the_reason(service: Build, mirror: Index) -> None:
    found = checks(examined(service(pip_index=mirror.url)))["pip.answers"]
    assert found.outcome.value == "failed"
    assert "certificate" in found.evidence.lower()
    assert "ca_bundle" in found.fix


@pytest.mark.parametrize(("content", "said"), [(None, "There is no file"), ("not a certificate", "cannot be used")])
def test_a_bundle_that_is_no_bundle_fails(
    service: Build, index: Index, tmp_path: Path, content: str | None, said: str
) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    found = checks(examined(service(pip_index=index.url, ca_bundle=str(path))))["ca_bundle"]
    assert found.outcome.value == "failed"
    assert said in found.evidence
