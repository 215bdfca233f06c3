"""Athena's workgroups and named queries."""

from __future__ import annotations

from sandbox.deploy.registry import Created, New, handles

_NAMES = {"kmsKeyArn": "KmsKey"}


@handles("aws:athena/workgroup:Workgroup")
def workgroup(new: New) -> Created:
    """Create a workgroup: its output location and scan limit."""
    name = new.physical_name()
    new.create("athena", "create_work_group", names=_NAMES, Name=name)
    return Created(name, {"name": name, "arn": new.aws.arn("athena", f"workgroup/{name}")})


@handles("aws:athena/namedQuery:NamedQuery")
def named_query(new: New) -> Created:
    """Create a named query."""
    name = new.physical_name()
    created = new.create("athena", "create_named_query", names={"query": "QueryString"}, Name=name)
    return Created(created["NamedQueryId"], {"name": name})
