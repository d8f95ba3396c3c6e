"""How row filters are written on a command line, and how they are read by the person who decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_mlplatform.access import rowfilter
from jupyter_mlplatform.access.rowfilter import And, Equals, In, Like, Missing, Not, Or, Range, RowFilter
from jupyter_mlplatform.errors import Invalid
from tests.access.examples import examples
from tests.access.rows import COLUMNS, KINDS, trees

GRAZ = Equals(column="plant", value="Graz")

WORDS: list[tuple[RowFilter, str]] = [
    (GRAZ, "plant is Graz"),
    (Not(of=GRAZ), "plant is not Graz"),
    (Equals(column="plant", value="Graz, or plant is Wien"), 'plant is "Graz, or plant is Wien"'),
    (Equals(column="plant", value='a "b" \\ c'), 'plant is "a \\"b\\" \\\\ c"'),
    (Equals(column="plant", value=""), 'plant is ""'),
    (Equals(column="plant", value="missing"), 'plant is "missing"'),
    (Equals(column="plant", value="a\u202eb\n"), 'plant is "a\\u202eb\\u000a"'),
    (Equals(column="two words", value=1), '"two words" is 1'),
    (Equals(column="good", value=True), "good is true"),
    (In(column="plant", values=("Graz",)), "plant is Graz"),
    (In(column="plant", values=("Graz", "Wien")), "plant is Graz or Wien"),
    (In(column="plant", values=("Graz", "Wien", "Linz")), "plant is Graz, Wien or Linz"),
    (Not(of=In(column="plant", values=("Graz", "Wien"))), "plant is none of Graz, Wien"),
    (Range(column="force", at_least=10.0), "force is at least 10"),
    (Range(column="force", at_least=1.5, below=3), "force is at least 1.5 and below 3"),
    (Not(of=Range(column="force", at_most=10)), "force is above 10"),
    (Not(of=Range(column="force", at_least=1, below=3)), "not (force is at least 1 and below 3)"),
    (Range(column="day", at_least="2026-01-01"), "day is on or after 2026-01-01"),
    (Range(column="day", below="2026-01-01T00:00:00Z"), "day is before 2026-01-01T00:00:00Z"),
    (Not(of=Range(column="day", at_most="2026-01-01")), "day is after 2026-01-01"),
    (Like(column="plant", pattern="G*"), 'plant fits "G*"'),
    (Not(of=Like(column="plant", pattern="G*")), 'plant does not fit "G*"'),
    (Missing(column="note"), "note is missing"),
    (Not(of=Missing(column="note")), "note is present"),
    (Not(of=Not(of=GRAZ)), "not (plant is not Graz)"),
    (
        And(of=(GRAZ, Range(column="day", at_least="2026-01-01"))),
        "plant is Graz, and day is on or after 2026-01-01",
    ),
    (
        And(of=(Or(of=(GRAZ, Missing(column="plant"))), Equals(column="good", value=True))),
        "(plant is Graz, or plant is missing), and good is true",
    ),
    (Not(of=Or(of=(GRAZ, Missing(column="plant")))), "not (plant is Graz, or plant is missing)"),
]


@pytest.mark.parametrize(("tree", "sentence"), WORDS)
def test_a_person_reads_a_sentence(tree: RowFilter, sentence: str) -> None:
    assert rowfilter.words(tree) == sentence


def test_of_a_long_list_the_first_values_are_named_and_the_rest_counted() -> None:
    tree = In(column="count", values=tuple(range(1000)))
    assert rowfilter.words(tree, most=2) == "count is 0, 1 or 998 more"
    assert rowfilter.words(Not(of=tree), most=2) == "count is none of 0, 1, 998 more"
    assert rowfilter.words(tree, most=1000).endswith("998 or 999")


@examples(40)
@given(tree=trees(tuple(KINDS)))
def test_every_sentence_can_be_shown_on_one_line(tree: RowFilter) -> None:
    assert rowfilter.words(rowfilter.check(tree, COLUMNS)).isprintable()


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("plant=Graz", GRAZ),
        ("plant == Graz", GRAZ),
        ('"plant" = "Graz"', GRAZ),
        ("'plant'='Graz'", GRAZ),
        ("plant!=Graz", Not(of=GRAZ)),
        ("plant=Graz|Wien", In(column="plant", values=("Graz", "Wien"))),
        ("plant != Graz | Wien", Not(of=In(column="plant", values=("Graz", "Wien")))),
        ('plant="a|b"|c', In(column="plant", values=("a|b", "c"))),
        ('plant="say ""hi"""', Equals(column="plant", value='say "hi"')),
        ("plant='it''s'", Equals(column="plant", value="it's")),
        ("plant=O'Brien", Equals(column="plant", value="O'Brien")),
        ('plant=""', Equals(column="plant", value="")),
        ("plant=a=b", Equals(column="plant", value="a=b")),
        ("plant=' padded '", Equals(column="plant", value=" padded ")),
        ("force>=10", Range(column="force", at_least="10")),
        ("force<=10", Range(column="force", at_most="10")),
        ("force<10", Range(column="force", below="10")),
        ("force > 10", Not(of=Range(column="force", at_most="10"))),
        ("name~Weld*", Like(column="name", pattern="Weld*")),
        ("name!~Weld*", Not(of=Like(column="name", pattern="Weld*"))),
        ("name~A*|B*", Or(of=(Like(column="name", pattern="A*"), Like(column="name", pattern="B*")))),
        ("note is missing", Missing(column="note")),
        (" note  is  present ", Not(of=Missing(column="note"))),
        ("what it is is missing", Missing(column="what it is")),
        ('"a=b" is missing', Missing(column="a=b")),
        ("two words = x", Equals(column="two words", value="x")),
    ],
)
def test_what_is_typed_is_understood(text: str, tree: RowFilter) -> None:
    assert rowfilter.parse([text]) == tree


@pytest.mark.parametrize(
    "text",
    ["", " ", "plant", "plant is", "plant is Graz", "=Graz", "plant=", "plant=Graz|", "plant=|Graz", 'plant="Graz',
     "plant='a'b", "'plant=Graz", "force>=1|2", "force>", "''=x", "is missing", "plant LIKE 'x'", '"plant" "Graz"'],
)  # fmt: skip
def test_what_cannot_be_understood_is_answered_with_examples(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        rowfilter.parse([text])
    assert refused.value.problem.code == "access.invalid_rows"
    assert refused.value.problem.cause
    assert "plant=Graz|Wien" in refused.value.problem.next_step


def test_several_conditions_have_to_be_true_together_and_none_mean_all_rows() -> None:
    assert rowfilter.parse([]) is None
    assert rowfilter.parse(["plant=Graz", "note is missing"]) == And(of=(GRAZ, Missing(column="note")))


@examples(60)
@given(texts=st.lists(st.text(max_size=20) | st.from_regex(r"[\"'a |=<>~!is]{0,12}", fullmatch=True), max_size=3))
def test_whatever_is_typed_is_understood_or_refused(texts: list[str]) -> None:
    try:
        tree = rowfilter.parse(texts)
    except Invalid:
        return
    assert tree is None or rowfilter.columns_of(tree)


@examples(60)
@given(value=st.text(), name=st.text(min_size=1))
def test_every_name_and_value_can_be_typed_in_quotes(value: str, name: str) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    assert rowfilter.parse([f"{quoted(name)} = {quoted(value)}"]) == Equals(column=name, value=value)
