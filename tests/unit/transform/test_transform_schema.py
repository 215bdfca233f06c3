from __future__ import annotations

import pytest

from transform.schema import TABLE, Column, DomainEvent, KeyAttribute, KeyType, LakeTable


def column(name: str, type_: str = "string", *path: str) -> Column:
    return Column(name, type_, path or (name,), "")


def table(*columns: Column, key: KeyAttribute | None = None) -> LakeTable:
    return LakeTable("thing", "thing_changes", "things", key or KeyAttribute("id", "S"), None, (column("id"), *columns))


@pytest.mark.parametrize("name", ["Name", "1st", "a-b", "", "ä", "a" * 129])
def test_a_columns_name_is_one_that_glue_takes(name: str) -> None:
    with pytest.raises(ValueError, match="lower case letters"):
        column(name, "string", "x")


@pytest.mark.parametrize("type_", ["text", "decimal", "decimal(2)", "decimal(18, 2)"])
def test_an_unknown_type_is_refused(type_: str) -> None:
    with pytest.raises(ValueError, match="not a supported Glue type"):
        column("c", type_)


@pytest.mark.parametrize("type_", ["decimal(0,0)", "decimal(39,0)", "decimal(2,3)"])
def test_a_decimal_is_one_that_athena_takes(type_: str) -> None:
    with pytest.raises(ValueError, match="precision <= 38"):
        column("c", type_)


@pytest.mark.parametrize("path", [('a"',), ("a\\",), ("a", "b\n")])
def test_an_attributes_name_is_one_that_the_codec_takes(path: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no quote, backslash or control character"):
        Column("c", "string", path, "")


def test_an_attributes_name_may_have_spaces_and_letters_of_any_kind() -> None:
    Column("c", "string", ("größe X", "in mm"), "")


@pytest.mark.parametrize("path", [(), ("",), ("a", "")])
def test_a_column_has_an_attribute(path: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="names no attribute"):
        Column("c", "string", path, "")


def test_a_name_is_unique() -> None:
    with pytest.raises(ValueError, match="repeated"):
        table(column("id"))
    with pytest.raises(ValueError, match="repeated"):
        table(column("after"))


def test_every_key_has_a_column() -> None:
    with pytest.raises(ValueError, match="every key attribute"):
        table(key=KeyAttribute("other", "S"))


@pytest.mark.parametrize(
    "columns",
    [
        (column("a", "string", "x"), column("b", "int", "x")),
        (column("a", "string", "x"), column("b", "string", "x", "y")),
        (column("a", "string", "x", "y", "z"), column("b", "boolean", "x", "y")),
    ],
)
def test_an_attribute_is_read_as_one_type(columns: tuple[Column, Column]) -> None:
    with pytest.raises(ValueError, match="column 'b' reads"):
        table(*columns)


def test_an_attribute_may_be_read_twice() -> None:
    table(
        column("day", "date", "at"),
        column("at", "timestamp"),
        column("x", "int", "m", "x"),
        column("y", "int", "m", "y"),
    )


def test_columns_read_the_dynamodb_type_of_theirs() -> None:
    by_name = {column.name: TABLE.descriptor(column) for column in TABLE.columns}
    assert by_name["status"] == by_name["ordered_at"] == "S"
    assert by_name["version"] == by_name["total"] == "N"
    assert by_name["gift"] == "BOOL"


@pytest.mark.parametrize("kind", ["S", "N", "B"])
def test_a_key_may_be_text_of_any_key_type(kind: KeyType) -> None:
    keyed = table(key=KeyAttribute("id", kind))
    assert keyed.descriptor(keyed.columns[0]) == kind


def test_only_the_keys_own_column_has_the_keys_type() -> None:
    keyed = table(column("number", "bigint", "id"), column("note"), key=KeyAttribute("id", "N"))
    assert [keyed.descriptor(column) for column in keyed.columns] == ["N", "N", "S"]


def eventful(*events: DomainEvent) -> LakeTable:
    columns = (column("id"), column("state"), column("note"), column("units", "int"))
    return LakeTable("thing", "thing_changes", "things", KeyAttribute("id", "S"), None, columns, events)


def test_events_speak_of_one_text_and_at_least_of_a_whole_number() -> None:
    made = DomainEvent("made", "INSERT", "state", "made")
    lost = DomainEvent("many lost", "MODIFY", "state", "lost", at_least="units")
    assert eventful(made, lost).events == (made, lost)


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (DomainEvent("e", "INSERT", "nothing", "x"), "'nothing' is not the one string column"),
        (DomainEvent("e", "INSERT", "units", "1"), "'units' is not the one string column"),
        (DomainEvent("e", "INSERT", "note", "x"), "'note' is not the one string column"),
        (DomainEvent("e", "INSERT", "state", "x", at_least="note"), "'note' is not an integer column"),
    ],
)
def test_an_event_of_anything_else_is_refused(event: DomainEvent, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        eventful(DomainEvent("made", "INSERT", "state", "made"), event)
