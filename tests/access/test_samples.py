"""Samples: only what the owner allows, masked as they say, and statistics that show no value of other columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec
import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest

from jupyter_mlplatform.access import samples
from jupyter_mlplatform.access.local import data_files
from jupyter_mlplatform.access.local import profile as profile_module
from jupyter_mlplatform.access.local.data_files import DataFiles
from jupyter_mlplatform.access.messages import Registration
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.samples import Mask, Profile, SampleRule
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Invalid

COLUMNS = (
    Column("gun_id", "int64"),
    Column("day", "date32[day]"),
    Column("worker", "string", tags=("personal",)),
    Column("salary", "int64"),
)
TABLE = pyarrow.table(
    {
        "gun_id": [3, 1, None, 1],
        "day": [date(2030, 1, 2), None, None, date(2029, 1, 1)],
        "worker": ["anna", "ben", "anna", None],
        "salary": [777001, 777002, 777003, 777004],
    }
)
RULE = SampleRule(columns=("gun_id", "day", "worker"), rows=3, masks={"worker": Mask.HASH})


def profile(table: pyarrow.Table, columns: Sequence[Column], rule: SampleRule | None, fingerprint: str = "") -> Profile:
    return profile_module.profile(table.select, columns, rule, fingerprint, [[each.name] for each in columns])


def test_the_sample_has_the_rows_and_columns_that_the_rule_names_and_no_other() -> None:
    made = profile(TABLE, COLUMNS, RULE, "sha256:1").sample
    assert made is not None
    assert made.columns == ("gun_id", "day", "worker")
    assert [row[:2] for row in made.rows] == [("3", "2030-01-02"), ("1", None), (None, None)]


def test_a_hash_is_the_same_for_the_same_value_and_only_within_one_sample() -> None:
    first, second = (profile(TABLE, COLUMNS, RULE, "").sample for _ in range(2))
    assert first is not None
    assert second is not None
    one, other = ([row[2] for row in made.rows] for made in (first, second))
    assert one[0] == one[2] != one[1]
    assert not set(one) & set(other)
    assert "anna" not in one


@pytest.mark.parametrize(
    ("mask", "shown"), [(Mask.FIRST, ["a…", "b…", "a…", None]), (Mask.NULL, [None, None, None, None])]
)
def test_other_masks_show_a_first_character_or_nothing(mask: Mask, shown: list[str | None]) -> None:
    rule = SampleRule(columns=("worker",), rows=4, masks={"worker": mask})
    made = profile(TABLE, COLUMNS, rule, "").sample
    assert made is not None
    assert [row[0] for row in made.rows] == shown


def test_the_first_character_is_not_shown_where_it_is_all_there_is() -> None:
    rule = SampleRule(columns=("worker",), masks={"worker": Mask.FIRST})
    assert samples.sample(rule, [{"worker": "a"}, {"worker": 7}], b"key").rows == (("…",), ("…",))


def test_statistics_count_and_show_ends_of_what_the_sample_shows_as_it_is() -> None:
    of = {each.name: each for each in profile(TABLE, COLUMNS, RULE, "").statistics}
    assert (of["gun_id"].missing, of["gun_id"].distinct) == (0.25, 2)
    assert (of["gun_id"].least, of["gun_id"].most) == ("1", "3")
    assert (of["day"].least, of["day"].most) == ("2029-01-01", "2030-01-02")
    assert (of["worker"].distinct, of["worker"].least) == (2, None)
    assert (of["salary"].distinct, of["salary"].least, of["salary"].most) == (4, None, None)


@pytest.mark.parametrize("rule", [None, RULE])
def test_no_value_outside_of_the_rule_is_in_what_is_kept(rule: SampleRule | None) -> None:
    kept = msgspec.json.encode(profile(TABLE, COLUMNS, rule, "sha256:1")).decode()
    assert "77700" not in kept
    assert "anna" not in kept
    if rule is None:
        assert "2030" not in kept


def test_ends_of_a_personal_column_are_not_shown_even_unmasked() -> None:
    personal = (Column("salary", "int64", tags=("personal",)),)
    rule = SampleRule(columns=("salary",), masks={"salary": Mask.NULL})
    (found,) = profile(TABLE.select(["salary"]), personal, rule, "").statistics
    assert (found.least, found.most) == (None, None)


def test_many_different_values_are_counted_to_a_bound() -> None:
    table = pyarrow.table({"a": list(range(200_000)), "b": pyarrow.array(["x"] * 200_000).dictionary_encode()})
    found = profile(table, (Column("a"), Column("b")), None, "").statistics
    assert [each.distinct for each in found] == [samples.MOST_DISTINCT + 1, 1]


def test_columns_of_every_kind_and_no_rows_have_statistics() -> None:
    table = pyarrow.table({"l": [[1], None], "s": [{"x": 1}, None], "n": pyarrow.nulls(2), "b": [b"\xff", None]})
    columns = tuple(Column(name) for name in table.column_names)
    rule = SampleRule(columns=("l", "s", "n", "b"))
    assert [each.distinct for each in profile(table, columns, rule, "").statistics] == [None, None, 0, 1]
    assert [each.missing for each in profile(table.slice(0, 0), columns, rule, "").statistics] == [0.0] * 4


def test_a_long_value_is_shortened() -> None:
    shown = samples.words("x" * 5000)
    assert shown is not None
    assert (len(shown), shown[-1]) == (samples.LONGEST_VALUE, "…")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (SampleRule(columns=("gun_id",), rows=51), "asks for 51 rows"),
        (SampleRule(columns=("gun_id",), rows=0), "asks for 0 rows"),
        (SampleRule(columns=()), "names no column"),
        (SampleRule(columns=("gun_id", "gun_id")), "or one twice"),
        (SampleRule(columns=("gunid",)), "Did you mean 'gun_id'?"),
        (SampleRule(columns=("gun_id",), masks={"day": Mask.NULL}), "masks 'day', which it does not show"),
        (SampleRule(columns=("worker",)), "'worker' is tagged 'personal'"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused(rule: SampleRule, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        samples.check(rule, COLUMNS)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["all.parquet", "all.csv", "parts/0.parquet"])
def test_the_data_itself_gives_its_profile_whatever_form_it_has(
    service: AccessService, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "kinds" / name
    path.parent.mkdir(parents=True)
    write = pyarrow.csv.write_csv if path.suffix == ".csv" else pyarrow.parquet.write_table
    write(TABLE, path)
    service.register("bob", path if path.parent.name == "kinds" else path.parent, Registration(id="all"))
    dataset = service.dataset("bob", "all").dataset
    found = DataFiles().profile(dataset, SampleRule(columns=("gun_id",), rows=2))
    assert found.sample is not None
    assert found.sample.rows == (("3",), ("1",))
    assert found.fingerprint == dataset.fingerprint
    assert [each.distinct for each in found.statistics][:2] == [2, 2]


def test_data_of_too_many_values_has_a_sample_and_no_statistics(
    service: AccessService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_files, "MOST_VALUES", 8)
    found = DataFiles().profile(service.dataset("bob", "weld_guns").dataset, SampleRule(columns=("gun_id",), rows=1))
    assert (found.statistics, found.sample) == ((), samples.Sample(columns=("gun_id",), rows=(("0",),)))


def test_values_that_cannot_be_compared_or_shown_have_no_statistics_of_that_kind() -> None:
    far = pyarrow.array([10**17], pyarrow.timestamp("s"))
    spans = pyarrow.array([(1, 2, 3)], pyarrow.month_day_nano_interval())
    columns = (Column("far"), Column("span"))
    rule = SampleRule(columns=("far",), masks={})
    of = profile_module.profile(
        pyarrow.table({"far": far, "span": spans}).select,
        columns,
        None,
        "",
        [["far", "span"]],
    ).statistics
    assert (of[0].distinct, of[1].missing) == (1, 0.0)
    assert profile_module._ends(pyarrow.chunked_array([far])) == (None, None)
    assert samples.plain(rule, columns) == {"far"}


def test_a_rule_is_typed_with_commas_and_signs_of_equality() -> None:
    assert samples.typed(None, 10, ()) is None
    assert samples.typed("", 10, ()) == SampleRule(columns=())
    typed = samples.typed("gun_id,a=b", 3, ("a=b=hash", "gun_id=null"))
    masks = {"a=b": Mask.HASH, "gun_id": Mask.NULL}
    assert typed == SampleRule(columns=("gun_id", "a=b"), rows=3, masks=masks)


@pytest.mark.parametrize("mask", ["worker", "worker=hsh", "=hash", "worker="])
def test_what_is_no_mask_is_said(mask: str) -> None:
    with pytest.raises(Invalid, match="is not a mask"):
        samples.typed("worker", 3, (mask,))
