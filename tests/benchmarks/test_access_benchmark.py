"""The arithmetic of the access benchmark, and that each part measures what it says. No time is asserted."""

from __future__ import annotations

import http.client
import json
import os
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.access import chain, commands, expiry, load, measured_data, place, races, reader, report, search
from benchmarks.access.__main__ import BEGIN, END, PARTS, earlier, with_tables
from benchmarks.access.loopback import Loopback
from benchmarks.access.place import KEY, MACHINE
from benchmarks.access.report import machine, markdown
from benchmarks.access.search import Plan, build, measure, quantile

OBJECT = f"/{place.BUCKET}/{place.PREFIX}part-0.parquet"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """The loopback S3 with a small file; ``ask`` sends one request over a connection that is kept."""
    file = measured_data.write(tmp_path / "s3", 400)
    server = Loopback(tmp_path / "s3")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)

    def ask(path: str, key: str = KEY, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        if key:
            headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={key}/20300101/us-east-1/s3/aws4_request"
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    yield SimpleNamespace(ask=ask, file=file, port=server.server_address[1], told=server.told, connection=connection)
    connection.close()
    server.shutdown()
    server.server_close()


def test_a_quantile_is_a_value_that_was_measured() -> None:
    ordered = [float(number) for number in range(1, 101)]
    assert (quantile(ordered, 0.5), quantile(ordered, 0.95), quantile(ordered, 1.0)) == (51.0, 96.0, 100.0)
    assert quantile([7.0], 0.95) == 7.0


def test_the_catalogue_is_the_same_each_time_and_larger_ones_begin_with_smaller_ones() -> None:
    assert list(search.datasets(5)) == list(islice(search.datasets(50), 5))


def test_every_kind_of_question_is_measured_and_a_built_catalogue_is_not_built_again(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    build(path, 60)
    stamp = path.stat().st_mtime_ns
    build(path, 60)
    assert path.stat().st_mtime_ns == stamp
    found = measure(path, 60, Plan(rounds=1))
    kinds = ("more", "common", "browse", "typeahead", "ids")
    assert all(found[kind]["median_ms"] <= found[kind]["p95_ms"] <= found[kind]["most_ms"] for kind in kinds)
    text = markdown({"machine": machine(), "search": [found]})
    assert "| 60 | typeahead |" in text
    assert os.sep not in text.replace("|", "")


def test_every_kind_of_command_is_timed_so_often_and_stands_in_the_table_with_its_yardsticks(tmp_path: Path) -> None:
    found = commands.measure(commands.Plan(commands=3, datasets=2, earlier=4), tmp_path)
    counts = {kind: found[kind]["count"] for kind in commands.KINDS}
    assert counts == {"ask": 6, "approve": 3, "reject": 3, "revoke": 3, "row": 3, "block": 3}
    assert all(found[kind]["p50_ms"] <= found[kind]["p95_ms"] <= found[kind]["p99_ms"] for kind in counts)
    text = markdown({"machine": machine(), "commands": found})
    assert all(f"| {name} | {counts[kind]} |" in text for kind, name in commands.KINDS.items())


def test_a_race_counts_its_winners_in_the_trail_and_a_second_winner_is_not_overlooked(tmp_path: Path) -> None:
    found = races.measure(races.Plan(requests=4, processes=2), tmp_path)
    assert found["winners"] == sum(found["won_by_each"]) == 4
    assert found["as_it_should_be"]
    twice = races.Won(("r-0", "r-1"), 4, 1.0), races.Won(("r-1", "r-2", "r-3"), 4, 1.0)
    names = [f"r-{number}" for number in range(4)]
    assert not races._counted(tmp_path / "races", names, [*twice])["as_it_should_be"]
    three = races.Won(("r-0", "r-1", "r-2"), 4, 1.0)  # the trail knows of a fourth
    assert not races._counted(tmp_path / "races", names[:3], [three])["as_it_should_be"]
    assert "NOT one winner" in markdown({"machine": machine(), "races": found | {"as_it_should_be": False}})


def test_every_grant_of_a_mass_expiry_is_ended_and_those_who_ask_meanwhile_are_heard(tmp_path: Path) -> None:
    found = expiry.measure(expiry.Plan(grants=12, datasets=3), tmp_path)
    assert found["alone"]["seconds"] > 0
    assert found["beside"]["commands"] >= 1
    text = markdown({"machine": machine(), "expiry": found})
    assert "12 grants end within one minute" in text
    assert "*0.072*" in text  # the target of 10,000, in proportion


def test_a_trail_of_about_so_many_events_is_verified(tmp_path: Path) -> None:
    found = chain.measure(chain.Plan(events=80, rounds=1), tmp_path)
    assert found["events"] == 80
    assert found["per_100k_seconds"] == pytest.approx(found["seconds"] * 1250)
    assert "*target: 0.0016 s*" in markdown({"machine": machine(), "chain": found})


def test_the_loopback_storage_gives_ranges_over_a_kept_connection(served: SimpleNamespace) -> None:
    whole = served.file.read_bytes()
    assert served.ask(OBJECT) == (200, whole)
    socket = served.connection.sock
    assert served.ask(OBJECT, Range="bytes=4-9") == (206, whole[4:10])
    assert served.ask(OBJECT, Range="bytes=-8") == (206, whole[-8:])
    assert served.ask(OBJECT, Range=f"bytes={len(whole) - 2}-{len(whole) + 50}") == (206, whole[-2:])
    assert served.ask(OBJECT, Range=f"bytes={len(whole)}-")[0] == 416
    assert served.ask(OBJECT, method="HEAD") == (200, b"")
    assert served.connection.sock is socket
    assert served.told() == {"reader": 6, "bytes of reader": len(whole) + 6 + 8 + 2}


def test_the_loopback_storage_lists_and_serves_nothing_outside_of_its_folder(served: SimpleNamespace) -> None:
    status, body = served.ask(f"/{place.BUCKET}?list-type=2&prefix=measured")
    assert (status, body.count(b"<Contents>")) == (200, 1)
    assert served.ask(f"/{place.BUCKET}?list-type=2&prefix=other")[1].count(b"<Contents>") == 0
    by_folder = served.ask(f"/{place.BUCKET}?list-type=2&prefix=&delimiter=%2F")[1]
    assert b"<CommonPrefixes><Prefix>measured/</Prefix>" in by_folder
    (served.file.parents[3] / "secret").write_text("x")
    assert served.ask("/../secret")[0] == 404
    assert served.ask("/%2e%2e/secret")[0] == 404


def test_the_loopback_storage_tells_apart_who_signed(served: SimpleNamespace) -> None:
    assert served.ask(OBJECT, key="")[0] == 403
    assert served.ask(OBJECT, key="AKIAOTHER")[0] == 403
    assert served.ask(OBJECT, key=MACHINE, method="HEAD")[0] == 200
    assert served.ask("/-/container", key="")[0] == 403
    given = json.loads(served.ask("/latest/meta-data/iam/security-credentials/machine", key="")[1])
    assert given["AccessKeyId"] == MACHINE
    expected = {"unsigned": 1, "refused key": 1, "machine": 1, "container": 1, "metadata": 1}
    assert served.told() == expected


def test_ours_reads_the_same_as_pyarrow_and_sends_nothing_when_no_key_is_given_out(
    served: SimpleNamespace, tmp_path: Path
) -> None:
    state = tmp_path / "load"
    state.mkdir()
    load.grant(state)
    endpoint = f"http://127.0.0.1:{served.port}"
    ours = reader.ours_arrow(endpoint, reader.Credentials(), state)
    peer = reader.pyarrow(endpoint, reader.Credentials(), state)
    assert ours(None).equals(peer(None))
    assert ours(list(place.FOUR)).equals(peer(list(place.FOUR)))
    served.told()
    with pytest.raises(Exception, match="This grant has ended"):
        reader.ours_arrow(endpoint, reader.Credentials(""), state)(None)
    assert served.told() == {}


def test_a_reader_in_a_process_of_its_own_says_what_it_read_or_what_went_wrong(
    served: SimpleNamespace, tmp_path: Path
) -> None:
    state = tmp_path / "load"
    state.mkdir()
    load.grant(state)
    here: Any = SimpleNamespace(port=served.port)
    came = load.run("ours", "four", 2, here, state)
    assert (came.rows, came.columns, len(came.seconds), came.error) == (400, 4, 2, "")
    refused = load.run("ours", "four", 1, here, state, with_key="AKIAREFUSED")
    assert refused.error.startswith("Unavailable: AWS does not accept these credentials.")


def test_our_readings_stand_beside_awswranglers_and_a_fallback_is_in_bold() -> None:
    reads = [
        {"who": who, "columns": "four", "wait": 0.02, "first_seconds": first, "first_least": first, "first_most": first}
        | {"last_seconds": 1.0, "cpu_seconds": 1.0, "peak_mib": 100.0, "requests_a_run": 3.0, "mb_a_run": 20.0}
        | {"first_by_awswrangler": first / 4}
        for who, first in (("ours", 1.0), ("awswrangler", 4.0))
    ]
    seen = {"who": "polars", "how": "none", "data_came": True, "unsigned_requests": 0}
    seen |= {"asked_the_machine": 3, "signed_as_the_machine": 10}
    found = {"file_mb": 200.0, "rows": 7, "versions": {"polars": "1"}, "reads": reads, "refused": [seen]}
    text = markdown({"machine": machine(), "load": found})
    assert "| 4 columns | 20 ms | this project, a DataFrame | 1.00 (1.00 to 1.00) | 0.25 × | *0.5* |" in text
    assert "| no key is given out | polars | **yes** | 0 | **3** | **10** |" in text


def test_parts_that_are_not_measured_again_are_kept_from_the_last_run(tmp_path: Path) -> None:
    last = tmp_path / "access.json"
    assert earlier(last, ["chain"]) == {}
    last.write_text(json.dumps({"machine": {}, "plan": {"races": {"requests": 1}}, "races": {"winners": 1}}))
    assert earlier(last, list(PARTS)) == {}
    assert earlier(last, ["chain"])["races"] == {"winners": 1}


def test_tables_written_twice_into_the_page_stand_there_once() -> None:
    page = f"# Costs\n\n{BEGIN}\n{END}\n\nAfter.\n"
    once = with_tables(page, "| one |\n")
    assert with_tables(with_tables(page, "| old |\n"), "| one |\n") == once
    assert once.startswith("# Costs\n")
    assert once.endswith(f"{END}\n\nAfter.\n")
    assert report.table(["a"], [["b"]]) == "| a |\n| --- |\n| b |"
