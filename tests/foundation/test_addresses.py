from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlplatform.addresses import allowed, has_credentials, host, redact, same

SECRET = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_%", min_size=8, max_size=20).map("s3cret-{}".format)


@given(SECRET, SECRET)
def test_no_name_password_or_path_token_survives_redaction(user: str, password: str) -> None:
    for address in (
        f"https://{user}:{password}@mirror.example.com/simple",
        f"https://{user}@mirror.example.com/simple",
        f"https://{user}:{password}@{user}'\"@mirror.example.com/simple",
        f"see https://mirror.example.com/t/{password}/main and http://x:{password}@other.example.com",
    ):
        shown = redact(address)
        assert has_credentials(address)
        assert user not in shown
        assert password not in shown
        assert "mirror.example.com" in shown


@pytest.mark.parametrize(
    "address",
    [
        "https://mirror.example.com/simple/",
        "https://mirror.example.com/@scope/package",
        "https://mirror.example.com/t/",
        "mail alice@example.com",
        "https://${MIRROR_USER}@mirror.example.com/simple",
    ],
)
def test_an_address_without_a_secret_is_not_accused(address: str) -> None:
    assert not has_credentials(address)


def test_addresses_are_the_same_whatever_the_slash_the_case_of_the_host_and_the_user() -> None:
    assert same("https://mirror.example.com/simple", "https://u:p@Mirror.Example.com/simple/")
    assert not same("https://mirror.example.com/simple", "https://mirror.example.com/other")
    assert not same("https://mirror.example.com/simple", "http://mirror.example.com/simple")


def test_a_host_without_a_port_permits_all_its_ports_and_no_other_host() -> None:
    assert host("https://u:p@Mirror.example.com:8443/simple") == "mirror.example.com:8443"
    assert host("https://mirror.example.com:443/simple") == host("http://Mirror.example.com:80") == "mirror.example.com"
    assert host("http://mirror.example.com:443/") == "mirror.example.com:443"
    assert host("file:///srv/wheels") == host("team-channel") == ""
    assert allowed("mirror.example.com:8443", {"mirror.example.com"})
    assert not allowed("mirror.example.com", {"mirror.example.com:8443"})
    assert not allowed("evil-mirror.example.com", {"mirror.example.com"})
