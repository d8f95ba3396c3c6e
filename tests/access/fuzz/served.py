"""``make fuzz-access``: schemathesis against a served workplace, over real HTTP, by its own openapi.json.

No answer may be a 5xx, each has to fit the schema that openapi.json declares for it (so that every refusal is a
Problem), and afterwards the audit trail is whole and the server's log holds no traceback. Only data access is
fuzzed: other routes start processes and write pip's configuration.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

from jupyter_mlplatform import policy
from jupyter_mlplatform.access.local.catalogue_files import CatalogueFiles
from jupyter_mlplatform.access.local.data_files import DataFiles
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.messages import NewDelegation, Registration
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.wiring import utc_now
from tests.access.world import approval, new_request, write_data

TOKEN = "fuzz"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
PLACE = 'person = "alice"\npolicy = "policy.toml"\nshared = "shared"\n'
POLICY = """
[access]
admins = ["ada"]

[[access.stages]]
name = "owner"
approvers = ["owner"]

[[access.stages]]
name = "privacy"
approvers = ["alice", "petra"]
when = { column_tags = ["personal"] }

[[access.guardrails]]
name = "no-people-in-reports"
because = "Reports hold no personal data."
when = { column_tags = ["personal"], purposes = ["reporting"] }
"""


def fill(folder: Path) -> AccessService:
    """alice owns one dataset, uses another, has asked, is asked, and stands in for bob."""
    (folder / "place.toml").write_text(PLACE)
    (folder / "policy.toml").write_text(POLICY)
    rules = policy.load((folder / "policy.toml",)).policy.access
    access = AccessService(SqliteStore(folder / "shared"), DataFiles(), CatalogueFiles(()), rules, utc_now)
    columns = (Column("worker", tags=("personal",)),)
    for name, owner in (("weld_guns", "bob"), ("orders", "bob"), ("press", "alice")):
        said = Registration(id=name, title=name, classification="confidential", columns=columns)
        access.register(owner, write_data(folder / "data" / f"{name}.parquet"), said)
    made = access.ask("alice", new_request("a", columns=("gun_id",)))
    access.decide("bob", made.id, approval())
    access.ask("alice", new_request("b", dataset_id="orders"))
    access.ask("carol", new_request("c", dataset_id="press"))
    access.delegate("bob", NewDelegation(delegate="alice", not_after=utc_now() + timedelta(days=5)))
    return access


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a Jupyter server of alice's; it is ended afterwards."""
    home = folder / "home"
    runtime = home / "runtime"
    runtime.mkdir(parents=True)
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "XDG", "MLPLAT"))}
    environ |= {"HOME": str(home), "MLPLAT_DEMO": str(folder), "JUPYTER_RUNTIME_DIR": str(runtime)}
    options = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    options += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home}"]
    options += ["--ServerApp.jpserver_extensions={'jupyter_mlplatform': True}"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options], env=environ, stdout=log, stderr=log
        )
        try:
            yield _address(server, runtime, folder / "server.log") + "api/mlplatform/v1"
            if server.poll() is not None:
                raise SystemExit("The server has died.")
        finally:
            server.terminate()
            server.wait(30)


def _address(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                told = json.loads(file.read_bytes())
            except ValueError:  # it is just being written
                continue
            return str(told["url"])
        time.sleep(0.2)
    raise SystemExit(f"The server did not start:\n{log.read_text(errors='replace')}")


def main() -> int:
    """0 when nothing was found."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--schemathesis", required=True, help="its program, in an environment of its own")
    options.add_argument("--examples", type=int, default=50, help="for each verb of each route")
    options.add_argument("--phases", default="coverage,fuzzing", help="of schemathesis")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        access = fill(folder)
        with served(folder) as address:
            command = [str(Path(given.schemathesis).absolute()), "run", f"{address}/openapi.json", "--url", address]
            command += ["--header", f"Authorization: token {TOKEN}", "--include-path-regex", "^/access/"]
            command += ["--checks", CHECKS, "--phases", given.phases, "--max-examples", str(given.examples)]
            found = subprocess.run(command, cwd=folder, check=False).returncode
        trail = access.verify_audit()
        log = (folder / "server.log").read_text(errors="replace")
        print(f"{trail.events} events; findings: {msgspec.json.encode(trail.findings).decode()}")
        if "Traceback" in log:
            print(log[log.index("Traceback") :][:4000])
        return int(bool(found or trail.findings or "Traceback" in log))


if __name__ == "__main__":
    raise SystemExit(main())
