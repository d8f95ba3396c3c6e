from __future__ import annotations

import configparser
from pathlib import Path

import pytest
import yaml

from jupyter_mlplatform.errors import Invalid
from jupyter_mlplatform.packages.models import Ecosystem
from jupyter_mlplatform.packages.render import render
from jupyter_mlplatform.policy import PackagesPolicy

PREFIX = Path("/some/prefix")


def test_a_policy_without_mirrors_writes_nothing() -> None:
    assert render(PackagesPolicy(), PREFIX) == ()


def test_the_pip_file_names_one_index_bounds_the_wait_and_empties_the_extra_index() -> None:
    policy = PackagesPolicy(
        pip_index="https://mirror.example.com/simple/", timeout_seconds=7, retries=1, ca_bundle="/etc/ca.pem"
    )
    (file,) = render(policy, PREFIX)
    parser = configparser.RawConfigParser()
    parser.read_string(file.text)
    assert dict(parser["global"]) == {
        "index-url": "https://mirror.example.com/simple/",
        "extra-index-url": "",
        "timeout": "7",
        "retries": "1",
        "no-input": "true",
        "disable-pip-version-check": "true",
        "cert": "/etc/ca.pem",
    }
    assert file.name == "pip.conf"
    assert file.exports == {"PIP_CONFIG_FILE": "/some/prefix/pip.conf", "PIP_NO_INPUT": "1", "PIP_CERT": "/etc/ca.pem"}


def test_the_conda_file_names_the_channels_and_empties_the_defaults() -> None:
    policy = PackagesPolicy(
        conda_channels=("team: one", "https://mirror.example.com/conda/main"),
        conda_channel_alias="https://mirror.example.com/conda",
        timeout_seconds=7,
        retries=1,
        ca_bundle="/etc/ca.pem",
    )
    (file,) = render(policy, PREFIX)
    assert yaml.safe_load(file.text) == {
        "channels": ["team: one", "https://mirror.example.com/conda/main"],
        "default_channels": [],
        "channel_priority": "strict",
        "channel_alias": "https://mirror.example.com/conda",
        "remote_connect_timeout_secs": 7.0,
        "remote_read_timeout_secs": 7.0,
        "remote_max_retries": 1,
        "ssl_verify": "/etc/ca.pem",
    }
    assert (file.ecosystem, file.name) == (Ecosystem.CONDA, ".condarc")
    assert file.exports == {"CONDARC": "/some/prefix/.condarc"}


@pytest.mark.parametrize(
    "policy",
    [
        PackagesPolicy(pip_index="https://alice:geheim@mirror.example.com/simple"),
        PackagesPolicy(conda_channels=("https://mirror.example.com/t/geheim/main",)),
        PackagesPolicy(conda_channel_alias="https://geheim@mirror.example.com", conda_channels=("a",)),
        PackagesPolicy(pip_index="https://mirror.example.com/simple\nextra-index-url = https://geheim.example.com"),
        PackagesPolicy(pip_index="https://mirror.example.com", ca_bundle="/ca.pem\rgeheim"),
    ],
)
def test_a_policy_that_would_write_a_secret_or_break_out_of_its_line_is_refused_without_repeating_it(
    policy: PackagesPolicy,
) -> None:
    with pytest.raises(Invalid) as caught:
        render(policy, PREFIX)
    assert caught.value.problem.code == "packages.unsafe_policy"
    assert "geheim" not in str(caught.value)
