"""The state machine of the scheduled merge, in the Amazon States Language: the statements of `components.current`.

An execution ends immediately while another one runs, because a rebuild of the table must be exclusive. It compares the
table's columns in the catalogue and rebuilds the table where they differ, or where its input has the member `rebuild`,
then merges and moves the bound to its start, which Step Functions records before the merge reads. The day's first
execution after `TIDIED_AT_HOUR` begins with OPTIMIZE and VACUUM. Every statement can be repeated and may be the last
one, so each is retried after any failure.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-athena.html,
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html,
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html,
https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import pulumi

from components import current
from transform.schema import LakeTable

TIMEOUT_SECONDS = 7200
"""An execution's timeout: four of Athena's default timeouts of a statement (30 minutes)."""
TRANSITIONS = 9
"""The number of states that a merge without a rebuild enters; Step Functions charges for each."""

TIDIED_AT_HOUR = 3
"""UTC."""
_STARTED = "$$.Execution.StartTime"
_MARK = "{started}"
_QUERY = "arn:aws:states:::athena:startQueryExecution.sync"
_SDK = "arn:aws:states:::aws-sdk:{}"
_RETRY = {
    # Every error but a timeout of the state.
    "ErrorEquals": ["States.TaskFailed"],
    "IntervalSeconds": 20,
    "BackoffRate": 2,
    "MaxAttempts": 4,
    "JitterStrategy": "FULL",
}

_ANOTHER, _MERGE, _REBUILD, _TIDY = "Another merge runs", "Merge", "Rebuild 1", "Tidy 1"

State = dict[str, Any]


def definition(
    table: LakeTable,
    *,
    create: pulumi.Input[str],
    database: pulumi.Input[str],
    workgroup: pulumi.Input[str],
    margin: timedelta,
    interval_minutes: int,
) -> Mapping[str, Any]:
    """The machine's document, in which outputs may be values.

    `create` is the statement that makes the table, `margin` the maximum delay until an object is readable,
    `interval_minutes` the time from one start to the next.
    """
    # As in `lake merge`: the views read the log before the table is dropped, and everything is unmerged before it is
    # created.
    rebuilding = [*(sql for _, sql in current.rebuilding(table)), create]
    return {
        "Comment": f"Merges the changes of {table.change_log} into {current.name(table)}",
        "StartAt": "Running merges",
        "TimeoutSeconds": TIMEOUT_SECONDS,
        "States": {
            **_alone(),
            **_same_columns(table, database, interval_minutes),
            **_queries(current.tidying(table), "Tidy", _MERGE, database, workgroup),
            **_queries(rebuilding, "Rebuild", _MERGE, database, workgroup),
            **_merging(table, margin, database, workgroup),
        },
    }


def _alone() -> Mapping[str, State]:
    return {
        "Running merges": {
            "Type": "Task",
            "Resource": _SDK.format("sfn:listExecutions"),
            "Parameters": {"StateMachineArn.$": "$$.StateMachine.Id", "StatusFilter": "RUNNING"},
            "ResultSelector": {"count.$": "States.ArrayLength($.Executions)"},
            "ResultPath": "$.running",
            "Retry": [_RETRY],
            "Next": "Alone",
        },
        "Alone": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.running.count", "NumericGreaterThan": 1, "Next": _ANOTHER},
                {"Variable": f"$.{current.REBUILD}", "IsPresent": True, "Next": _REBUILD},
            ],
            "Default": "Look at the table",
        },
        _ANOTHER: {"Type": "Succeed"},
    }


def _same_columns(table: LakeTable, database: pulumi.Input[str], interval_minutes: int) -> Mapping[str, State]:
    expected = [column.name for column in current.columns(table)]
    same = [{"Variable": f"$.table.columns[{at}]", "StringEquals": name} for at, name in enumerate(expected)]
    return {
        "Look at the table": {
            "Type": "Task",
            "Resource": _SDK.format("glue:getTable"),
            "Parameters": {"DatabaseName": database, "Name": current.name(table)},
            "ResultSelector": {
                "columns.$": "$.Table.StorageDescriptor.Columns[*].Name",
                "count.$": "States.ArrayLength($.Table.StorageDescriptor.Columns)",
            },
            "ResultPath": "$.table",
            "Catch": [{"ErrorEquals": ["Glue.EntityNotFoundException"], "ResultPath": "$.missing", "Next": _REBUILD}],
            "Retry": [_RETRY | {"ErrorEquals": ["Glue.InternalServiceException", "Glue.OperationTimeoutException"]}],
            "Next": "Compare the columns",
        },
        "Compare the columns": {
            "Type": "Choice",
            # The other conditions read columns that exist only if the first one does not match.
            "Choices": [
                {"Not": {"Variable": "$.table.count", "NumericEquals": len(expected)}, "Next": _REBUILD},
                {"And": [*same, {"Or": _once_a_day(interval_minutes)}], "Next": _TIDY},
                {"And": same, "Next": _MERGE},
            ],
            "Default": _REBUILD,
        },
    }


def _once_a_day(interval_minutes: int) -> list[Mapping[str, str]]:
    """Comparisons that match once or twice of a day's starts: a time that is not shorter than the interval."""
    if interval_minutes < 60:
        times = [f"{TIDIED_AT_HOUR:02}:{ten}" for ten in range(-(-interval_minutes // 10))]
    else:
        hours = -(-interval_minutes // 60)
        times = [f"{(TIDIED_AT_HOUR + hour) % 24:02}:" for hour in range(hours)]
    return [{"Variable": _STARTED, "StringMatches": f"*T{time}*"} for time in times]


def _merging(
    table: LakeTable, margin: timedelta, database: pulumi.Input[str], workgroup: pulumi.Input[str]
) -> Mapping[str, State]:
    bound = current.replaced(current.unmerged_name(table), current.unmerged(table, _MARK, margin))
    parts = bound.split(_MARK)
    views = [current.replaced(one.name, one.sql) for one in current.state_views(table)]
    return {
        **_queries([current.merge(table)], _MERGE, "Bound", database, workgroup),
        # The texts are values beside the format, so that none of their quotes and braces needs an escape.
        "Bound": {"Type": "Pass", "Result": parts, "ResultPath": "$.bound", "Next": "Move the bound"},
        "Move the bound": _query(_formatted(len(parts)), "View 1", database, workgroup),
        **_queries(views, "View", "", database, workgroup),
    }


def _formatted(parts: int) -> Mapping[str, str]:
    """Return the texts at `$.bound` with the execution's start between them."""
    texts = [f"$.bound[{at}]" for at in range(parts)]
    values = [value for pair in zip_longest(texts, [_STARTED] * (parts - 1)) for value in pair if value]
    return {"QueryString.$": f"States.Format('{'{}' * len(values)}', {', '.join(values)})"}


def _queries(
    statements: Sequence[pulumi.Input[str]],
    name: str,
    then: str,
    database: pulumi.Input[str],
    workgroup: pulumi.Input[str],
) -> Mapping[str, State]:
    """Return a state per statement, named by the name and its number; for the merge by the name alone."""
    names = [name] if name == _MERGE else [f"{name} {at}" for at in range(1, len(statements) + 1)]
    return {
        one: _query({"QueryString": sql}, following, database, workgroup)
        for one, sql, following in zip(names, statements, [*names[1:], then], strict=True)
    }


def _query(
    text: Mapping[str, pulumi.Input[str]], then: str, database: pulumi.Input[str], workgroup: pulumi.Input[str]
) -> State:
    return {
        "Type": "Task",
        "Resource": _QUERY,
        "Parameters": {**text, "QueryExecutionContext": {"Database": database}, "WorkGroup": workgroup},
        # Athena's result of a statement is discarded: a state's data has at most 256 KiB.
        "ResultPath": None,
        "Retry": [_RETRY],
        **({"Next": then} if then else {"End": True}),
    }
