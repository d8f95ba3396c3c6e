"""What of a dataset everybody sees: the owner allows it, the service keeps it, and nothing else is kept anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_mlplatform.access.messages import Registration, Search
from jupyter_mlplatform.access.models import Column
from jupyter_mlplatform.access.samples import Mask, SampleRule
from jupyter_mlplatform.access.service import AccessService
from jupyter_mlplatform.errors import Conflict, Forbidden, Invalid
from tests.access.world import Clock, make_service, register, write_data

RULE = SampleRule(columns=("gun_id", "worker"), rows=2, masks={"worker": Mask.FIRST})
PERSONAL = (Column("worker", tags=("personal",)),)


def test_everybody_sees_the_sample_that_the_owner_allows(service: AccessService, data_file: Path) -> None:
    register(service, data_file, sample=RULE, columns=PERSONAL)
    page = service.dataset("alice", "weld_guns")
    assert page.profile is not None
    assert page.profile.sample is not None
    assert page.profile.sample.rows == (("0", "w…"), ("1", "w…"))
    first = page.profile.statistics[0]
    assert (first.name, first.missing, first.distinct) == ("gun_id", 0.0, 3)


def test_without_a_rule_there_are_statistics_without_values(service: AccessService) -> None:
    page = service.dataset("alice", "weld_guns")
    assert page.profile is not None
    assert page.profile.sample is None
    assert {(each.least, each.most) for each in page.profile.statistics} == {(None, None)}


def test_the_sample_is_of_the_registered_content(service: AccessService, data_file: Path) -> None:
    register(service, data_file, sample=RULE)
    write_data(data_file, rows=1)
    register(service, data_file)
    page = service.dataset("alice", "weld_guns")
    assert page.profile is not None
    assert page.profile.sample is not None
    assert page.profile.sample.rows == (("0", "w…"),)


def test_a_sample_is_taken_back_by_one_without_columns_and_with_the_dataset(
    service: AccessService, data_file: Path, tmp_path: Path
) -> None:
    register(service, data_file, sample=RULE)
    register(service, data_file, sample=SampleRule(columns=()))
    page = service.dataset("alice", "weld_guns")
    assert page.dataset.sample is None
    assert page.profile is not None
    assert page.profile.sample is None
    register(service, data_file, sample=RULE)
    service.retire("bob", "weld_guns")
    assert service._store.profile("weld_guns") is None


def test_only_the_owner_or_an_admin_allows_a_sample(service: AccessService, data_file: Path) -> None:
    with pytest.raises(Forbidden):
        service.register("carol", data_file, Registration(id="weld_guns", sample=RULE))
    assert service.dataset("alice", "weld_guns").dataset.sample is None


def test_a_personal_column_is_not_shown_unmasked_nor_after_it_was_tagged(
    service: AccessService, data_file: Path
) -> None:
    rule = SampleRule(columns=("worker",))
    with pytest.raises(Invalid, match="tagged 'personal'"):
        register(service, data_file, sample=rule, columns=PERSONAL)
    register(service, data_file, sample=rule)
    with pytest.raises(Invalid, match="tagged 'personal'"):
        register(service, data_file, columns=PERSONAL)


def test_no_value_of_the_data_is_in_the_trail_or_the_state_but_the_samples(
    service: AccessService, data_file: Path, tmp_path: Path
) -> None:
    register(service, data_file, sample=RULE)
    assert '"w0"' not in repr(service.events("ada"))
    assert "w…" not in repr(service.events("ada"))
    for file in (tmp_path / "state").iterdir():
        assert b'"w0"' not in file.read_bytes()


def test_a_catalogue_file_allows_a_sample_and_says_what_is_wrong_with_it(tmp_path: Path, clock: Clock) -> None:
    write_data(tmp_path / "cat" / "weld.parquet")
    file = tmp_path / "cat" / "plant.toml"
    entry = '[[dataset]]\nid = "{id}"\nowner = "bob"\npath = "weld.parquet"\n[dataset.sample]\n{sample}\n'
    good = 'columns = ["gun_id", "worker"]\nrows = 1\nmasks = {worker = "null"}'
    file.write_text(
        entry.format(id="good", sample=good)
        + entry.format(id="column", sample='columns = ["gun"]')
        + entry.format(id="mask", sample='columns = ["gun_id"]\nmasks = {gun_id = "blur"}')
        + entry.format(id="key", sample='columns = ["gun_id"]\nlines = 3')
    )
    service = make_service(tmp_path / "state", clock, catalogues=(file,))
    page = service.dataset("alice", "good")
    assert page.profile is not None
    assert page.profile.sample is not None
    assert page.profile.sample.rows == (("0", None),)
    found = {each.message: each.cause for each in service.search("ada", Search()).problems}
    assert len(found) == 3
    assert any("There is no column 'gun'" in cause for cause in found.values())
    assert any("blur" in cause for cause in found.values())
    assert any("lines" in cause for cause in found.values())
    with pytest.raises(Conflict, match="sample"):
        service.register("bob", tmp_path / "cat" / "weld.parquet", Registration(id="good", sample=RULE))
