"""A boto3 session whose only way to credentials is the broker: when that refuses, calls fail, unsigned or signed.

botocore's usual chain asks the environment, files, and the instance's metadata service, one after the other; a session
of this module has a chain of one. The own configuration files of a person are not read either, so that a profile that
is chosen somewhere cannot change what this does.
"""

from __future__ import annotations

import os
import time
from typing import Any

from jupyter_mlplatform.errors import Unavailable

PATIENCE_SECONDS = 30.0
"""How long the broker is waited for; it may have to ask AWS first."""

_FIXED = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
    "defaults_mode": (None, None, "legacy", None),  # another mode may ask the metadata service where this is
}
"""botocore's variables (name in files, in the environment, value, conversion) that nothing outside can set."""


def session(uri: str, token_file: str, region: str = "") -> Any:
    """A ``boto3.Session`` that asks ``uri`` for credentials, with the token in ``token_file``, read at each call.

    ``region`` is what the policy says; empty leaves it to the environment. Raises ``Unavailable`` without boto3.
    """
    try:
        import boto3
        import botocore.session
        from botocore.credentials import ContainerProvider, CredentialResolver
        from botocore.httpsession import URLLib3Session
        from botocore.tokens import TokenProviderChain
        from botocore.utils import ContainerMetadataFetcher
    except ImportError as error:
        raise Unavailable(
            "access.aws_not_installed",
            "boto3 is not installed here.",
            next_step="Install it: pip install boto3",
        ) from error

    core: Any = botocore.session.Session(session_vars=_FIXED)
    environ = {
        ContainerProvider.ENV_VAR_FULL: uri,
        ContainerProvider.ENV_VAR_AUTH_TOKEN_FILE: token_file,
    }
    # It asks three times; who is refused need not wait three seconds to be told so.
    fetcher = ContainerMetadataFetcher(
        session=URLLib3Session(timeout=PATIENCE_SECONDS), sleep=lambda seconds: time.sleep(seconds / 10)
    )
    core.register_component("credential_provider", CredentialResolver([ContainerProvider(environ, fetcher)]))
    core.register_component("token_provider", TokenProviderChain([]))
    return boto3.Session(botocore_session=core, region_name=region or None)
