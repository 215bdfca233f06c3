"""Hive's storage formats: the SerDe and the classes of each, as Athena stores them in the Glue catalogue.

https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html, create-table.html (STORED AS)
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.athena.errors import StatementError

_HIVE = "org.apache.hadoop.hive"
_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = f"{_HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat"


@dataclass(frozen=True)
class Format:
    """A format: its name in STORED AS and in `format`, its SerDe, its input and output classes."""

    name: str
    serde: str
    input: str
    output: str


PARQUET = Format(
    "PARQUET",
    f"{_HIVE}.ql.io.parquet.serde.ParquetHiveSerDe",
    f"{_HIVE}.ql.io.parquet.MapredParquetInputFormat",
    f"{_HIVE}.ql.io.parquet.MapredParquetOutputFormat",
)
JSON = Format("JSON", "org.apache.hive.hcatalog.data.JsonSerDe", _TEXT_INPUT, _TEXT_OUTPUT)
TEXTFILE = Format("TEXTFILE", f"{_HIVE}.serde2.lazy.LazySimpleSerDe", _TEXT_INPUT, _TEXT_OUTPUT)
_FORMATS = {
    format_.name: format_
    for format_ in (
        PARQUET,
        JSON,
        TEXTFILE,
        Format(
            "ORC",
            f"{_HIVE}.ql.io.orc.OrcSerde",
            f"{_HIVE}.ql.io.orc.OrcInputFormat",
            f"{_HIVE}.ql.io.orc.OrcOutputFormat",
        ),
        Format(
            "AVRO",
            f"{_HIVE}.serde2.avro.AvroSerDe",
            f"{_HIVE}.ql.io.avro.AvroContainerInputFormat",
            f"{_HIVE}.ql.io.avro.AvroContainerOutputFormat",
        ),
        Format(
            "RCFILE",
            f"{_HIVE}.serde2.columnar.LazyBinaryColumnarSerDe",
            f"{_HIVE}.ql.io.RCFileInputFormat",
            f"{_HIVE}.ql.io.RCFileOutputFormat",
        ),
        Format(
            "SEQUENCEFILE",
            f"{_HIVE}.serde2.lazy.LazySimpleSerDe",
            "org.apache.hadoop.mapred.SequenceFileInputFormat",
            f"{_HIVE}.ql.io.HiveSequenceFileOutputFormat",
        ),
        Format(
            "ION",
            "com.amazon.ionhiveserde.IonHiveSerDe",
            "com.amazon.ionhiveserde.formats.IonInputFormat",
            "com.amazon.ionhiveserde.formats.IonOutputFormat",
        ),
    )
}
_BY_SERDE = {"parquet": PARQUET, "json": JSON, "lazysimple": TEXTFILE}


def format_of(name: str) -> Format:
    """A format by its name; raises StatementError for one that Athena lacks."""
    found = _FORMATS.get(name.upper())
    if found is None:
        raise StatementError("FAILED", f"SemanticException Unrecognized file format in STORED AS clause: '{name}'")
    return found


def written_format(name: str) -> Format:
    """A format in which the sandbox writes; raises StatementError for any other."""
    if name.upper() in {"PARQUET", "JSON", "TEXTFILE"}:
        return format_of(name)
    known = "PARQUET, JSON and TEXTFILE"
    if name.upper() in {"ORC", "AVRO", "ION"}:
        raise StatementError("NOT_SUPPORTED", f"format {name.upper()}: the sandbox's Athena writes {known}")
    raise StatementError("INVALID_TABLE_PROPERTY", f"Unable to set table property 'format' to '{name}'")


def format_of_serde(library: str) -> Format:
    """The format in which INSERT writes to a table; raises StatementError if Athena or the sandbox does not write it.

    https://docs.aws.amazon.com/athena/latest/ug/insert-into.html, "Supported formats and SerDes"
    """
    lower = library.lower()
    found = next((format_ for word, format_ in _BY_SERDE.items() if word in lower), None)
    if found is None or "openx" in lower:
        raise StatementError("NOT_SUPPORTED", f"INSERT INTO is not supported for a table with the SerDe {library}")
    return found
