import datetime
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ftrack_jobs import errors
from ftrack_jobs.errors import DeclarationError, FormError
from ftrack_jobs.form import (
    Boolean,
    Choice,
    Date,
    Form,
    FormContext,
    Hidden,
    Label,
    MultiChoice,
    Number,
    Text,
    TextArea,
    typed_contexts,
)


class Every(Form):
    intro = Label("What shall be made?")
    title = Text("Title", required=True, empty_text="a title")
    remarks = TextArea("Remarks", help="As many lines as you like.")
    amount = Number("Amount", default=3, minimum=1, maximum=10)
    ratio = Number("Ratio")
    since = Date("Since")
    urgent = Boolean("Urgent")
    kind = Choice("File type", {"csv": "CSV", "xlsx": "Excel"}, default="csv")
    levels = MultiChoice("Levels", ["shot", "task", "asset"])
    step = Hidden("1")


def wrong(form, raw, context=None):
    with pytest.raises(FormError) as caught:
        form.read(raw, context)
    return caught.value.reasons


def test_items_stand_in_the_order_of_declaration():
    items = Every.widgets()
    named = [item.get("name", item["value"]) for item in items]
    assert named == [
        "What shall be made?",
        "title",
        "remarks",
        "As many lines as you like.",
        "amount",
        "ratio",
        "since",
        "urgent",
        "kind",
        "levels",
        "step",
    ]


def test_items_are_those_of_the_protocol():
    by_name = {item.get("name"): item for item in Every.widgets({"since": "2024-05-03", "levels": ["task"]})}
    assert by_name["title"] == {
        "type": "text",
        "name": "title",
        "label": "Title",
        "value": "",
        "empty_text": "a title",
    }
    assert by_name["since"] == {"type": "date", "name": "since", "label": "Since", "value": "2024-05-03"}
    assert by_name["amount"]["value"] == 3
    assert by_name["urgent"]["value"] is False
    assert by_name["kind"]["data"] == [{"label": "CSV", "value": "csv"}, {"label": "Excel", "value": "xlsx"}]
    assert by_name["kind"]["value"] == "csv"
    assert by_name["levels"]["multi_select"] is True
    assert by_name["levels"]["value"] == ["task"]
    assert by_name["step"] == {"type": "hidden", "name": "step", "value": "1"}


def test_submitted_values_are_typed():
    values = Every.read(
        {
            "title": "  Weekly  ",
            "remarks": "one\r\ntwo",
            "amount": "7",
            "ratio": 0.5,
            "since": "2024-05-03T00:00:00",
            "urgent": "true",
            "kind": ["xlsx"],
            "levels": ["task", "shot", "task"],
            "step": " kept as it is ",
            "foreign": "ignored",
        }
    )
    assert values.title == "Weekly"
    assert values.remarks == "one\ntwo"
    assert values.amount == 7 and isinstance(values.amount, int)
    assert values.ratio == 0.5
    assert values.since == datetime.date(2024, 5, 3)
    assert values.urgent is True
    assert values.kind == "xlsx"
    assert values.levels == ("task", "shot")
    assert values.step == " kept as it is "
    assert values.intro == "What shall be made?"
    assert "foreign" not in values.as_json()


@pytest.mark.parametrize("empty", ["", "   ", None, "missing"])
def test_empty_fields_take_their_default(empty):
    names = ("remarks", "amount", "ratio", "since", "urgent", "kind", "levels")
    raw = {} if empty == "missing" else dict.fromkeys(names, empty)
    values = Every.read({"title": "t", **raw})
    assert (values.remarks, values.amount, values.ratio, values.since) == ("", 3, None, None)
    assert (values.urgent, values.kind, values.levels, values.step) == (False, "csv", (), "1")


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("title", "", errors.FIELD_EMPTY),
        ("title", ["a", "b"], errors.FIELD_ONE_ONLY.format(count=2)),
        ("title", {"a": 1}, errors.FIELD_NOT_TEXT.format(value='"{"a": 1}"')),
        ("amount", "many", errors.FIELD_NOT_NUMBER.format(value='"many"')),
        ("amount", True, errors.FIELD_NOT_NUMBER.format(value='"true"')),
        ("amount", "1_0", errors.FIELD_NOT_NUMBER.format(value='"1_0"')),
        ("amount", "1,5", errors.FIELD_NOT_NUMBER.format(value='"1,5"')),
        ("amount", "nan", errors.FIELD_NOT_NUMBER.format(value='"nan"')),
        ("amount", float("inf"), errors.FIELD_NOT_NUMBER.format(value='"Infinity"')),
        ("amount", "1e999", errors.FIELD_NOT_NUMBER.format(value='"1e999"')),
        ("amount", 0, errors.FIELD_TOO_SMALL.format(least=1, value='"0"')),
        ("amount", 10.5, errors.FIELD_TOO_LARGE.format(most=10, value='"10.5"')),
        ("since", "3.5.2024", errors.FIELD_NOT_DATE.format(value='"3.5.2024"')),
        ("since", "2024-02-30", errors.FIELD_NOT_DATE.format(value='"2024-02-30"')),
        ("urgent", "perhaps", errors.FIELD_NOT_BOOLEAN.format(value='"perhaps"')),
        ("kind", "pdf", errors.FIELD_NOT_OFFERED.format(offered="csv, xlsx", value='"pdf"')),
        (
            "levels",
            ["shot", "sho"],
            errors.FIELD_NOT_OFFERED.format(offered="shot, task, asset", value='"sho"'),
        ),
        ("step", 1, errors.FIELD_NOT_TEXT.format(value='"1"')),
    ],
)
def test_a_wrong_value_is_told_with_its_reason(name, raw, reason):
    assert wrong(Every, {"title": "t", name: raw}) == {name: reason}


def test_all_wrong_fields_are_told_at_once_in_the_order_of_the_form():
    with pytest.raises(FormError) as caught:
        Every.read({"kind": "pdf", "amount": "x"})
    assert list(caught.value.reasons) == ["title", "amount", "kind"]
    assert caught.value.lines()[0] == f"Title: {errors.FIELD_EMPTY}"


def test_the_form_comes_back_filled_in_with_the_reasons_on_top():
    raw = {"title": "", "amount": "x", "kind": ["xlsx"], "levels": "shot", "urgent": True, "since": "soon"}
    with pytest.raises(FormError) as caught:
        Every.read(raw)
    top, *items = Every.widgets(raw, caught.value)
    assert top["type"] == "label"
    assert errors.CORRECT_FORM in top["value"]
    assert f"Title: {errors.FIELD_EMPTY}" in top["value"]
    shown = {item.get("name"): item["value"] for item in items}
    assert shown["amount"] == "x"
    assert shown["since"] == "soon"
    assert shown["kind"] == "xlsx"
    assert shown["levels"] == ["shot"]
    assert shown["urgent"] is True


def test_reasons_are_shown_as_they_are_written():
    told = Every.widgets(
        {}, FormError({"title": "<b>*no*</b> custom_attributes[fps] _x_ [a](http://b)\nnext"})
    )
    text = told[0]["value"]
    assert "&lt;b&gt;\\*no\\*&lt;/b&gt;" in text
    assert "custom_attributes[fps]" in text
    assert "\\_x\\_" in text
    assert "[a]\\(" in text
    assert text.count("\n- ") == 1


def test_fields_are_checked_against_each_other():
    class Span(Form):
        first = Date("First")
        last = Date("Last")

        def check(self, context):
            if self.first and self.last and self.last < self.first:
                raise FormError({"last": "lies before the first."})

    assert wrong(Span, {"first": "2024-05-03", "last": "2024-05-01"}) == {"last": "lies before the first."}
    with pytest.raises(FormError, match="Last: lies before"):
        Span.read({"first": "2024-05-03", "last": "2024-05-01"})
    assert Span.read({"first": "2024-05-03", "last": "2024-05-03"}).last == datetime.date(2024, 5, 3)


def test_a_form_reads_back_its_own_json():
    values = Every.read({"title": "t", "since": "2024-05-03", "levels": ["task"], "ratio": "-1.5e3"})
    assert Every.read(values.as_json()) == values
    assert values.as_json()["since"] == "2024-05-03"
    assert values.ratio == -1500.0
    assert Every.read({**values.as_json(), "title": "u"}) != values


def test_defaults_suffice_or_the_missing_answers_are_named():
    class Sufficient(Form):
        kind = Choice("Kind", ["a", "b"], default="b", required=True)
        text = Text("Text")

    assert Sufficient.from_defaults().kind == "b"
    with pytest.raises(FormError) as caught:
        Every.from_defaults()
    assert caught.value.reasons == {"title": errors.FIELD_NO_DEFAULT}
    assert caught.value.labels["title"] == "Title"


def test_choices_may_come_from_the_site():
    class OfSite(Form):
        kind = Choice("Type", typed_contexts, default="Task")

    schemas = [
        {"id": "Task", "alias_for": {"id": "Task", "classifiers": {"object_typeid": "1"}}},
        {"id": "AssetBuild", "alias_for": {"id": "Task", "classifiers": {"object_typeid": "2"}}},
        {"id": "TypedContextList", "alias_for": {"id": "List", "classifiers": {"entity": "task"}}},
        {"id": "User"},
    ]
    context = FormContext(schemas)
    (item,) = OfSite.widgets(context=context)
    assert item["data"] == [
        {"label": "Asset Build", "value": "AssetBuild"},
        {"label": "Task", "value": "Task"},
    ]
    assert OfSite.read({"kind": "AssetBuild"}, context).kind == "AssetBuild"
    assert list(wrong(OfSite, {"kind": "User"}, context)) == ["kind"]


def test_what_was_checked_at_the_site_is_taken_where_nothing_is_known_of_it():
    class OfSite(Form):
        kind = Choice("Type", typed_contexts, default="Task")

    assert OfSite.read({"kind": "Level"}).kind == "Level"


def test_several_choices_may_come_as_text():
    assert Every.read({"title": "t", "levels": "task, shot"}).levels == ("task", "shot")


def test_choices_may_be_numbers_on_the_way():
    class Numbered(Form):
        take = Choice("Take", {"1": "One", "2": "Two"})

    assert Numbered.read({"take": 2}).take == "2"


def test_whole_numbers_stay_whole():
    class Counted(Form):
        count = Number("Count", whole=True, required=True)

    assert Counted.read({"count": 4.0}).count == 4
    assert isinstance(Counted.read({"count": "4.0"}).count, int)
    assert wrong(Counted, {"count": 4.5}) == {"count": errors.FIELD_NOT_WHOLE.format(value='"4.5"')}


def test_a_form_inherits_fields_and_may_replace_them():
    class Base(Form):
        first = Text("First")
        second = Text("Second")

    class Longer(Base):
        third = Text("Third")
        first = Text("First, anew", default="x")

    assert list(Longer.labels().items()) == [
        ("first", "First, anew"),
        ("second", "Second"),
        ("third", "Third"),
    ]
    assert Longer.read({}).first == "x"


def test_values_cannot_be_changed():
    values = Every.read({"title": "t"})
    with pytest.raises(AttributeError):
        values.title = "other"
    assert values.title == "t"


def test_what_people_type_is_not_in_the_representation():
    assert "confidential" not in repr(Every.read({"title": "confidential"}))


def test_a_name_declared_twice_is_refused():
    with pytest.raises(DeclarationError, match="'title' twice"):

        class Twice(Form):
            title = Text("One")
            title = Text("Two")


@pytest.mark.parametrize("name", ["read", "check", "widgets", "_hidden"])
def test_a_name_that_the_form_needs_itself_is_refused(name):
    with pytest.raises(DeclarationError, match=name):
        type(Form)("Clash", (Form,), {name: Text("Label")})


@pytest.mark.parametrize(
    "declare",
    [
        lambda: Choice("Kind", {"a": "A"}, default="b"),
        lambda: Choice("Kind", {}),
        lambda: MultiChoice("Kind", ["a"], default=["b"]),
        lambda: MultiChoice("Kind", ["a"], default="a"),
        lambda: Number("Count", default=0, minimum=1),
        lambda: Number("Count", default="3"),
        lambda: Date("Day", default="2024-05-03"),
        lambda: Text("Text", default=3),
        lambda: Boolean("Flag", default="no"),
    ],
)
def test_a_default_that_cannot_be_is_refused_at_once(declare):
    with pytest.raises(DeclarationError):
        declare()


def test_an_authors_strictly_checked_file_knows_the_types(tmp_path):
    source = tmp_path / "author.py"
    source.write_text(
        textwrap.dedent(
            """
            import datetime
            from typing import Optional, Union
            from ftrack_jobs.form import Boolean, Choice, Date, Form, FormContext, MultiChoice, Number, Text


            class Mine(Form):
                kind = Choice("Kind", {"a": "A"})
                some = MultiChoice("Some", ["a"])
                text = Text("Text")
                flag = Boolean("Flag")
                maybe = Number("Maybe")
                surely = Number("Surely", required=True)
                counted = Number("Counted", default=2)
                day = Date("Day")
                fixed_day = Date("Day", required=True)

                def check(self, context: Optional[FormContext]) -> None:
                    pass


            values = Mine.read({})
            kind: str = values.kind
            some: tuple[str, ...] = values.some
            text: str = values.text
            flag: bool = values.flag
            surely: Union[int, float] = values.surely
            counted: Union[int, float] = values.counted
            fixed: datetime.date = values.fixed_day
            reveal_type(values.maybe)
            reveal_type(values.day)
            """
        )
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", str(source)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"MYPYPATH": str(root / "source"), "PATH": ""},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    # Versions of mypy differ in whether they name the module of built-in types.
    revealed = done.stdout.replace("builtins.", "")
    assert '"int | float | None"' in revealed and '"datetime.date | None"' in revealed
