"""The AWS CLI: a query with a parameter, its result, and the catalogue."""

import json
import subprocess
import time


def aws(*words: str) -> dict:
    done = subprocess.run(("aws", "athena", *words, "--output", "json"), capture_output=True, text=True, check=True)
    return json.loads(done.stdout or "{}")


started = aws(
    "start-query-execution",
    "--query-string",
    "SELECT status, total FROM orders WHERE id = ?",
    "--execution-parameters",
    "2",
    "--query-execution-context",
    "Database=shop",
    "--result-configuration",
    "OutputLocation=s3://athena-clients/results/",
)
wanted = ("--query-execution-id", started["QueryExecutionId"])
while aws("get-query-execution", *wanted)["QueryExecution"]["Status"]["State"] in {"QUEUED", "RUNNING"}:
    time.sleep(0.1)
rows = aws("get-query-results", *wanted)["ResultSet"]["Rows"]
assert [[value["VarCharValue"] for value in row["Data"]] for row in rows] == [["status", "total"], ["shipped", "5.05"]]
listed = aws("list-table-metadata", "--catalog-name", "AwsDataCatalog", "--database-name", "shop")
assert "orders" in [table["Name"] for table in listed["TableMetadataList"]]
assert aws("get-query-runtime-statistics", *wanted)["QueryRuntimeStatistics"]["Rows"]["OutputRows"] == 1
