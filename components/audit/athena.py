"""The rules for Athena: workgroups and saved queries."""

from __future__ import annotations

from components.audit.catalogue import DATABASE
from components.audit.reading import (
    at,
    both,
    fields,
    number,
    one_of,
    text,
)
from components.audit.requests import but, failed
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import given
from components.explain.evidence import Case

WORKGROUP = "aws:athena/workgroup:Workgroup"
QUERY = "aws:athena/namedQuery:NamedQuery"
_ATHENA = "https://docs.aws.amazon.com/athena/latest/"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/"
_RESULTS = "configuration.resultConfiguration"
_CONFIGURED = "Configuration.ResultConfiguration"
_WORKGROUP = {"Name": "audit", "Configuration": {"ResultConfiguration": {"OutputLocation": "s3://audit/results/"}}}


def _has_its_key(case: Case) -> bool:
    encryption = fields(case.inputs, f"{_RESULTS}.encryptionConfiguration")
    return str(encryption.get("encryptionOption")).endswith("KMS") == bool(encryption.get("kmsKeyArn"))


def _workgroup(changed: dict[str, object], sentence: str, source: str = "") -> RefusedCall:
    return RefusedCall("athena.CreateWorkGroup", but(_WORKGROUP, changed), "InvalidRequestException", sentence, source)


RULES = (
    Rule(
        "athena-name",
        WORKGROUP,
        "A workgroup's name has 1 to 128 letters, digits, dots, underscores and hyphens.",
        f"{_ATHENA}APIReference/API_CreateWorkGroup.html",
        text("name", 1, 128, r"[a-zA-Z0-9._-]+"),
        given({"name": "order analytics"}),
        (
            _workgroup(
                {"Name": "order analytics"},
                failed("name", "satisfy regular expression pattern: [a-zA-Z0-9._-]{1,128}", shown=False),
                f"{_PREFLIGHT}athena/pf-athena-wg-name-charset",
            ),
        ),
    ),
    Rule(
        "athena-description",
        WORKGROUP,
        "A workgroup's description has at most 1,024 characters.",
        f"{_ATHENA}APIReference/API_CreateWorkGroup.html",
        text("description", 0, 1024),
        given({"description": "d" * 1025}),
        (
            _workgroup(
                {"Description": "d" * 1025},
                failed("description", "have length less than or equal to 1024", shown=False),
            ),
        ),
    ),
    Rule(
        "athena-results",
        WORKGROUP,
        "A workgroup that enforces its configuration has an S3 output location.",
        f"{_ATHENA}ug/workgroups-settings-override.html",
        lambda case: str(at(case.inputs, f"{_RESULTS}.outputLocation") or "").startswith("s3://"),
        given({f"{_RESULTS}.outputLocation": "lake/query-results"}),
        (
            _workgroup(
                {f"{_CONFIGURED}.OutputLocation": "lake/query-results"},
                "OutputLocation is not a valid S3 path.",
                f"{_PREFLIGHT}athena/pf-athena-wg-output-location-s3-uri",
            ),
        ),
    ),
    Rule(
        "athena-key",
        WORKGROUP,
        "Results encrypted with KMS name the key; results encrypted by S3 do not.",
        f"{_ATHENA}APIReference/API_EncryptionConfiguration.html",
        _has_its_key,
        given({f"{_RESULTS}.encryptionConfiguration": {"encryptionOption": "SSE_KMS"}}),
        (
            _workgroup(
                {f"{_CONFIGURED}.EncryptionConfiguration": {"EncryptionOption": "SSE_KMS"}},
                "KMS Customer Master Key ID is null or empty",
                f"{_PREFLIGHT}athena/pf-athena-wg-sse-kms-requires-key",
            ),
        ),
    ),
    Rule(
        "athena-engine",
        WORKGROUP,
        "The engine version exists.",
        f"{_ATHENA}ug/engine-versions-reference.html",
        one_of("configuration.engineVersion.selectedEngineVersion", ("AUTO", "Athena engine version 3")),
        given({"configuration.engineVersion.selectedEngineVersion": "Athena engine version 1"}),
        (
            _workgroup(
                {"Configuration.EngineVersion": {"SelectedEngineVersion": "Athena engine version 1"}},
                "The selected engine version is not valid.",
                f"{_PREFLIGHT}athena/pf-athena-wg-engine-version-enum",
            ),
        ),
    ),
    Rule(
        "athena-cutoff",
        WORKGROUP,
        "The scan limit of a query is at least 10 MB.",
        f"{_ATHENA}APIReference/API_WorkGroupConfiguration.html",
        number("configuration.bytesScannedCutoffPerQuery", 10_485_760, 2**53),
        given({"configuration.bytesScannedCutoffPerQuery": 1_000_000}),
        (
            _workgroup(
                {"Configuration.BytesScannedCutoffPerQuery": 1_000_000},
                failed(
                    "configuration.bytesScannedCutoffPerQuery",
                    "have value greater than or equal to 10000000",
                    shown=False,
                ),
            ),
        ),
    ),
    Rule(
        "athena-query",
        QUERY,
        "A saved query has at most 128 characters of name, 1,024 of description and 262,144 of SQL.",
        f"{_ATHENA}APIReference/API_CreateNamedQuery.html",
        both(text("name", 1, 128), text("description", 0, 1024), text("query", 1, 262_144)),
        given({"query": ""}),
        (
            RefusedCall(
                "athena.CreateNamedQuery",
                {"Name": "n" * 129, "Database": "audit", "QueryString": "SELECT 1"},
                "InvalidRequestException",
                failed("name", "have length less than or equal to 128", shown=False),
            ),
        ),
    ),
    Rule(
        "athena-query-database",
        QUERY,
        "A saved query uses a database of the stack.",
        f"{_ATHENA}APIReference/API_CreateNamedQuery.html",
        lambda case: case.inputs["database"] in {one.inputs["name"] for one in case.graph.of(DATABASE)},
        given({"database": "another"}),
    ),
)
