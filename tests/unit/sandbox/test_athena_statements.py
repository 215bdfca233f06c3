"""What a text asks for is recognised before anything is run."""

from __future__ import annotations

import pytest

from sandbox.athena.errors import ApiError, StatementError
from sandbox.athena.statements import Output, Statement, StatementKind, forms, recognise
from sandbox.athena.statements.tokens import Name
from sandbox.athena.syntax import parse_query

T = Name("", "", "t")
DB_T = Name("", "db", "t")


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("select 1;", forms.SelectQuery("select 1;")),
        ("-- a comment\nWITH x AS (SELECT 1) SELECT * FROM x", None),
        ("(SELECT 1)", forms.SelectQuery("(SELECT 1)")),
        ("SHOW TABLES", forms.ShowTables()),
        ("show tables in db 'a*'", forms.ShowTables("db", "a*")),
        ("SHOW DATABASES LIKE 'a.*'", forms.ShowDatabases("a.*")),
        ("SHOW COLUMNS IN t IN db", forms.ShowColumns(DB_T)),
        ("SHOW TBLPROPERTIES db.t ('comment')", forms.ShowProperties(DB_T, "comment")),
        ("DESCRIBE FORMATTED `db`.t", forms.Describe(DB_T, "FORMATTED")),
        ("DESC t PARTITION (day = '1') n", forms.Describe(T, "", (("day", "1"),), "n")),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", forms.CreateView(Name("", "", "v"), " " * 28 + "SELECT 1", True)),
        ('DROP VIEW IF EXISTS "Db".v', forms.DropView(Name("", "db", "v"), True)),
        ("DROP TABLE awsdatacatalog.db.t", forms.DropTable(Name("awsdatacatalog", "db", "t"))),
        ("MSCK REPAIR TABLE t", forms.Repair(T)),
        ("EXPLAIN (TYPE VALIDATE, FORMAT TEXT) SELECT 1", None),
        (
            "ALTER TABLE t DROP PARTITION (day < '2', n = 5)",
            forms.DropPartitions(T, ((("day", "<", "2"), ("n", "=", "5")),)),
        ),
        ("ALTER TABLE t SET LOCATION 's3://b/'", forms.SetLocation(T, "s3://b/")),
        ("ALTER TABLE t UNSET TBLPROPERTIES ('a')", forms.SetProperties(T, {}, ("a",))),
        ("EXECUTE p USING 1, 'a,b', ARRAY[1, 2]", forms.Execute("p", ("1", "'a,b'", "ARRAY[1, 2]"))),
        ("PREPARE p FROM SELECT ?;", forms.PrepareStatement("p", "SELECT ?")),
        ("DEALLOCATE PREPARE p", forms.Deallocate("p")),
        ("INSERT INTO t (a, b) VALUES (1, 2)", forms.InsertInto(T, " " * 21 + "VALUES (1, 2)", ("a", "b"))),
        ("INSERT INTO t (SELECT 1)", forms.InsertInto(T, " " * 14 + "(SELECT 1)")),
        ("VACUUM db.t", forms.Vacuum(DB_T)),
        ("OPTIMIZE t REWRITE DATA USING BIN_PACK WHERE a = 1", forms.Optimize(T, "a = 1")),
    ],
)
def test_recognised(text: str, statement: Statement | None) -> None:
    found = recognise(text)
    assert statement is None or found == statement


@pytest.mark.parametrize(
    ("text", "kind", "sort", "output"),
    [
        ("SELECT 1", StatementKind.DML, "SELECT", Output.CSV),
        ("TABLE t", StatementKind.DML, "SELECT", Output.CSV),
        ("EXPLAIN SELECT 1", StatementKind.DML, "EXPLAIN", Output.TEXT),
        ("SHOW SCHEMAS", StatementKind.UTILITY, "SHOW_DATABASES", Output.TEXT),
        ("DESC t", StatementKind.UTILITY, "DESCRIBE_TABLE", Output.TEXT),
        ("CREATE TABLE t AS VALUES 1", StatementKind.DDL, "CREATE_TABLE_AS_SELECT", Output.TABLE),
        ("INSERT INTO t VALUES 1", StatementKind.DML, "INSERT", Output.NONE),
        ("MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", StatementKind.DML, "MERGE", Output.CSV),
        ("ALTER TABLE t REPLACE COLUMNS (n int)", StatementKind.DDL, "ALTER_TABLE_REPLACE_COLUMN", Output.TEXT),
        ("OPTIMIZE t REWRITE DATA USING BIN_PACK", StatementKind.DDL, "CREATE_TABLE_AS_SELECT", Output.TEXT),
        ("VACUUM t", StatementKind.DML, "VACUUM_TABLE", Output.TEXT),
    ],
)
def test_the_types_and_files_are_those_measured_on_athena(
    text: str, kind: StatementKind, sort: str, output: Output
) -> None:
    """https://github.com/aoyagikouhei/athena-local, docs/api.md and src/operation/classification.rs."""
    found = recognise(text)
    assert (found.kind, found.sort, found.output) == (kind, sort, output)


def test_an_external_table_with_every_clause() -> None:
    found = recognise(
        "CREATE EXTERNAL TABLE IF NOT EXISTS `db`.`t` (a int COMMENT 'it''s', b struct<x:int,y:array<decimal(10,2)>>)\n"
        "COMMENT 'c' PARTITIONED BY (day date, n bigint) CLUSTERED BY (a) INTO 4 BUCKETS\n"
        "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' COLLECTION ITEMS TERMINATED BY '\\002'\n"
        "STORED AS TEXTFILE LOCATION 's3://b/p/' TBLPROPERTIES ('skip.header.line.count' = '1');"
    )
    assert found == forms.CreateTable(
        DB_T,
        external=True,
        if_not_exists=True,
        columns=(
            forms.ColumnDefinition("a", "int", "it's"),
            forms.ColumnDefinition("b", "struct<x:int,y:array<decimal(10,2)>>"),
        ),
        partitions=(forms.ColumnDefinition("day", "date"), forms.ColumnDefinition("n", "bigint")),
        comment="c",
        buckets=(("a",), 4),
        serde_properties={
            "field.delim": "\t",
            "escape.delim": "\\",
            "collection.delim": "\x02",
            "serialization.format": "\t",
        },
        stored_as="TEXTFILE",
        location="s3://b/p/",
        properties={"skip.header.line.count": "1"},
    )


def test_the_properties_of_a_table_from_a_query() -> None:
    found = recognise(
        "CREATE TABLE t WITH (format = 'JSON', partitioned_by = ARRAY['a', 'b'], bucket_count = 3) AS\n"
        "SELECT 1 AS x WITH NO DATA"
    )
    assert isinstance(found, forms.CreateTableAs)
    assert found.properties == {"format": "JSON", "partitioned_by": ("a", "b"), "bucket_count": "3"}
    assert (found.sql.strip(), found.with_data) == ("SELECT 1 AS x", False)
    assert found.sql.startswith("\n", 92 - 1) or found.sql.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1:1: mismatched input '<EOF>'"),
        (" ; ", "line 1:1: mismatched input '<EOF>'"),
        ("-- only a comment", "line 1:1: mismatched input '<EOF>'"),
        ("SELEC 1", "line 1:1: mismatched input 'SELEC'"),
        ("USE db", "Queries of this type are not supported"),
        ("CREATE OR REPLACE TABLE t AS SELECT 1", "line 1:19: mismatched input 'TABLE'. Expecting: 'MATERIALIZED', "),
        ("CREATE TABLE t (n int)", "No location was specified for table. An S3 location must be specified"),
        ('DROP TABLE "t"', "no viable alternative at input 'DROP TABLE \"t\"'"),
        ("ALTER TABLE t ADD COLUMN n int", "mismatched input 'COLUMN'"),
        ("DESCRIBE a.b.c.d", "Invalid table name a.b.c.d"),
        ("CREATE EXTERNAL TABLE t (n foo) LOCATION 's3://b/'", "no viable alternative at input 'foo'"),
        ("SHOW TABLES x", "line 1:13: mismatched input 'x'. Expecting: <EOF>"),
    ],
)
def test_what_is_no_statement_is_refused_at_once(text: str, message: str) -> None:
    with pytest.raises(ApiError) as refusal:
        recognise(text)
    assert refusal.value.athena_code == "MALFORMED_QUERY"
    assert message in refusal.value.message


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("EXECUTE IMMEDIATE 'SELECT ?' USING 1", "EXECUTE IMMEDIATE"),
        ("SELECT v FROM JSON_TABLE('[1]', 'lax $[*]' COLUMNS (v integer PATH 'lax $'))", "JSON_TABLE"),
        ("SELECT * FROM t MATCH_RECOGNIZE (ORDER BY a PATTERN (A) DEFINE A AS true)", "MATCH_RECOGNIZE"),
        ("SELECT rank() OVER (ORDER BY a MEASURES A.a AS x PATTERN (A) DEFINE A AS true) FROM t", "row pattern"),
        ("SELECT rank() OVER (ROWS CURRENT ROW PATTERN (A) DEFINE A AS true) FROM t", "row pattern recognition"),
        ("SELECT * FROM TABLE(exclude_columns(input => TABLE(t), columns => DESCRIPTOR(a)))", "table functions"),
        ("WITH FUNCTION twice(x integer) RETURNS integer RETURN x * 2 SELECT twice(21)", "WITH FUNCTION"),
        ("SELECT json_query(a FORMAT JSON ENCODING UTF8, 'lax $') FROM t", "FORMAT JSON ENCODING"),
    ],
)
def test_what_trino_has_and_the_sandbox_lacks_is_refused_by_its_name(text: str, feature: str) -> None:
    with pytest.raises(StatementError, match=f"The sandbox's Athena has no .*{feature}") as refusal:
        _read(text)
    assert (refusal.value.name, refusal.value.located) == ("NOT_SUPPORTED", True)


def _read(text: str) -> None:
    if isinstance(recognise(text), forms.SelectQuery):
        parse_query(text)


@pytest.mark.parametrize("text", ["SELECT", "SELECT (1", "SELECT a FROM t WHERE", "SELECT 'a", "SELECT 1; SELECT 2"])
def test_what_does_not_parse_is_refused_at_once(text: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_query(text)
    assert refusal.value.athena_code == "MALFORMED_QUERY"


def test_the_tree_of_a_short_text_is_made_once_and_that_of_a_long_one_is_not_kept() -> None:
    short, long = "SELECT 1 AS one", f"SELECT '{'x' * 20_000}' AS long"
    assert parse_query(short) is parse_query(short)
    assert parse_query(long) == parse_query(long)
    assert parse_query(long) is not parse_query(long)
