"""The rules for roles and their policies."""

from __future__ import annotations

import json
import re

from components.audit.reading import Fields, document, number, statements, text, texts
from components.audit.requests import ACCOUNT, TRUST
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import given, statement
from components.explain.evidence import Case

ROLE_TYPE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
_IAM = "https://docs.aws.amazon.com/IAM/latest/"
_QUOTAS = f"{_IAM}UserGuide/reference_iam-quotas.html"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/"
_MOTO = "getmoto/moto tests/test_iam/test_iam_policies.py"
_OPERATOR = re.compile(
    r"(ForAllValues:|ForAnyValue:)?"
    r"(Null|Bool|BinaryEquals|(Not)?IpAddress|(String|Numeric|Date|Arn)(Not)?(Equals|Like)(IgnoreCase)?"
    r"|(Numeric|Date)(Less|Greater)Than(Equals)?)(IfExists)?"
)
_LARGEST_INLINE = 10_240
_DESCRIPTION = r"[\t\n\r\x20-\x7e\xa1-\xff]*"


def _size(text_: str) -> int:
    return len(re.sub(r"\s", "", text_))


def _operators_are_known(policy: str) -> bool:
    return all(_OPERATOR.fullmatch(name) for one in statements(policy) for name in one.get("Condition", {}))


def _sids_are_plain(policy: str) -> bool:
    sids = [str(one["Sid"]) for one in statements(policy) if "Sid" in one]
    return len(sids) == len(set(sids)) and all(re.fullmatch(r"[0-9A-Za-z]*", sid) for sid in sids)


def _has_resources(one: Fields) -> bool:
    resources = texts(one.get("Resource"))
    return bool(resources) and all(resource == "*" or resource.count(":") >= 5 for resource in resources)


def _all_policies_fit(case: Case) -> bool:
    others = (one for one in case.graph.of(ROLE_POLICY) if one.urn != case.resource.urn)
    sizes = (_size(one.inputs["policy"]) for one in others if one.inputs["role"] == case.inputs["role"])
    return sum(sizes) + _size(case.inputs["policy"]) <= _LARGEST_INLINE


def _put(changed: dict[str, object], sentence: str, source: str = _MOTO) -> RefusedCall:
    """PutRolePolicy with a changed statement, refused as malformed."""
    one: dict[str, object] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **changed}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [one]})
    return RefusedCall(
        "iam.PutRolePolicy",
        {"RoleName": "audit-policies", "PolicyName": "audit", "PolicyDocument": policy},
        "MalformedPolicyDocument",
        sentence,
        source,
        (("iam.CreateRole", {"RoleName": "audit-policies", "AssumeRolePolicyDocument": TRUST}),),
    )


def _large(count: int) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::" + "a" * count]}],
        }
    )


_LARGE_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "a" * 2048 + ".amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)

RULES = (
    Rule(
        "iam-name",
        ROLE_TYPE,
        "A role's name has 1 to 64 letters, digits and +=,.@-_ characters.",
        f"{_IAM}APIReference/API_CreateRole.html",
        text("name", 1, 64, r"[\w+=,.@-]+"),
        given({"name": "r" * 65}),
        (
            RefusedCall(
                "iam.CreateRole",
                {"RoleName": "r" * 65, "AssumeRolePolicyDocument": TRUST},
                "ValidationError",
                "1 validation error detected: Value at 'roleName' failed to satisfy constraint: "
                "Member must have length less than or equal to 64",
                "localstack/localstack tests/aws/services/iam/test_iam.snapshot.json (the form)",
            ),
        ),
    ),
    Rule(
        "iam-description",
        ROLE_TYPE,
        "A role's description has at most 1,000 characters of Latin-1.",
        f"{_IAM}APIReference/API_CreateRole.html",
        text("description", 0, 1000, _DESCRIPTION),
        given({"description": "→" * 3}),
        (
            RefusedCall(
                "iam.CreateRole",
                {"RoleName": "audit", "Description": "d" * 1001, "AssumeRolePolicyDocument": TRUST},
                "ValidationError",
                "1 validation error detected: Value at 'description' failed to satisfy constraint: "
                "Member must have length less than or equal to 1000",
            ),
        ),
    ),
    Rule(
        "iam-trust-size",
        ROLE_TYPE,
        "A role's trust policy has at most 2,048 characters, unless the account's quota is raised.",
        _QUOTAS,
        lambda case: _size(case.inputs["assumeRolePolicy"]) <= 2048,
        given({"assumeRolePolicy": _LARGE_TRUST}),
        (
            RefusedCall(
                "iam.CreateRole",
                {"RoleName": "audit", "AssumeRolePolicyDocument": _LARGE_TRUST},
                "LimitExceeded",
                "Cannot exceed quota for ACLSizePerRole: 2048",
                "cloudposse/terraform-aws-components modules/aws-teams/README.md",
            ),
        ),
    ),
    Rule(
        "iam-trust-shape",
        ROLE_TYPE,
        "A trust policy has a principal and no resource: the resource is the role.",
        f"{_PREFLIGHT}iam/pf-iam-trust-policy-no-resource",
        lambda case: all(
            "Resource" not in one
            and "Principal" in one
            and all(action.startswith("sts:") for action in texts(one.get("Action")))
            for one in statements(case.inputs["assumeRolePolicy"])
        ),
        statement("assumeRolePolicy", Resource="*"),
        (
            RefusedCall(
                "iam.CreateRole",
                {
                    "RoleName": "audit",
                    "AssumeRolePolicyDocument": json.dumps(
                        {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Principal": {"Service": "lambda.amazonaws.com"},
                                    "Action": "sts:AssumeRole",
                                    "Resource": "*",
                                }
                            ],
                        }
                    ),
                },
                "MalformedPolicyDocument",
                "Has prohibited field Resource",
            ),
        ),
    ),
    Rule(
        "iam-trust-operators",
        ROLE_TYPE,
        "A trust policy's conditions use existing operators.",
        f"{_IAM}UserGuide/reference_policies_elements_condition_operators.html",
        lambda case: _operators_are_known(case.inputs["assumeRolePolicy"]),
        statement("assumeRolePolicy", Condition={"StringEqual": {"aws:SourceAccount": ACCOUNT}}),
    ),
    Rule(
        "iam-session",
        ROLE_TYPE,
        "A role's maximum session is 1 to 12 hours.",
        f"{_IAM}APIReference/API_CreateRole.html",
        number("maxSessionDuration", 3600, 43_200),
        given({"maxSessionDuration": 60}),
        (
            RefusedCall(
                "iam.CreateRole",
                {"RoleName": "audit", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 60},
                "ValidationError",
                "1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: "
                "Member must have value greater than or equal to 3600",
            ),
        ),
    ),
    Rule(
        "iam-policy-size",
        ROLE_POLICY,
        "A role's inline policies have at most 10,240 characters.",
        _QUOTAS,
        _all_policies_fit,
        given({"policy": _large(10_240)}),
        (
            RefusedCall(
                "iam.PutRolePolicy",
                {"RoleName": "audit", "PolicyName": "audit", "PolicyDocument": _large(10_240)},
                "LimitExceeded",
                "Maximum policy size of 10240 bytes exceeded for role audit",
                "https://github.com/aws-amplify/amplify-cli/issues/1699",
            ),
        ),
    ),
    Rule(
        "iam-policy-actions",
        ROLE_POLICY,
        "An action has a service prefix.",
        f"{_PREFLIGHT}iam/pf-iam-policy-action-format",
        lambda case: all(
            re.fullmatch(r"[a-z0-9-]+:[A-Za-z0-9*]+", action)
            for one in statements(case.inputs["policy"])
            for action in texts(one.get("Action"))
        ),
        statement("policy", Action=["GetObject"]),
        (
            _put(
                {"Action": "GetObject"},
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ),
        ),
    ),
    Rule(
        "iam-policy-resources",
        ROLE_POLICY,
        'A resource is an ARN or "*".',
        f"{_PREFLIGHT}iam/pf-iam-policy-resource-format",
        lambda case: all(_has_resources(one) for one in statements(case.inputs["policy"])),
        statement("policy", Resource=["stream/s"]),
        (_put({"Resource": "stream/s"}, 'Resource stream/s must be in ARN format or "*".'),),
    ),
    Rule(
        "iam-policy-no-principal",
        ROLE_POLICY,
        "A role's policy has no principal: the principal is the role.",
        f"{_PREFLIGHT}iam/pf-iam-identity-policy-no-principal",
        lambda case: not any({"Principal", "NotPrincipal"} & one.keys() for one in statements(case.inputs["policy"])),
        statement("policy", Principal="*"),
        (_put({"Principal": "*"}, "Policy document should not specify a principal."),),
    ),
    Rule(
        "iam-policy-operators",
        ROLE_POLICY,
        "A policy's conditions use existing operators.",
        f"{_PREFLIGHT}iam/pf-iam-policy-condition-operator",
        lambda case: _operators_are_known(case.inputs["policy"]),
        statement("policy", Condition={"StringEqualz": {"aws:SourceAccount": ACCOUNT}}),
        (_put({"Condition": {"StringEqualz": {"aws:SourceAccount": ACCOUNT}}}, "Syntax errors in policy."),),
    ),
    Rule(
        "iam-policy-version",
        ROLE_POLICY,
        "A policy has the version that supports variables.",
        f"{_IAM}UserGuide/reference_policies_elements_version.html",
        lambda case: document(case.inputs["policy"]).get("Version") == "2012-10-17",
        lambda case: given({"policy": case.inputs["policy"].replace("2012-10-17", "2026-01-01")})(case),
        (
            RefusedCall(
                "iam.PutRolePolicy",
                {
                    "RoleName": "audit-policies",
                    "PolicyName": "audit",
                    "PolicyDocument": '{"Version": "2026-01-01", "Statement": '
                    '[{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}',
                },
                "MalformedPolicyDocument",
                "Syntax errors in policy.",
                _MOTO,
                (("iam.CreateRole", {"RoleName": "audit-policies", "AssumeRolePolicyDocument": TRUST}),),
            ),
        ),
    ),
    Rule(
        "iam-policy-sids",
        ROLE_POLICY,
        "Statement ids are alphanumeric and unique.",
        f"{_IAM}UserGuide/reference_policies_elements_sid.html",
        lambda case: _sids_are_plain(case.inputs["policy"]),
        statement("policy", Sid="read-the stream"),
    ),
)
