"""The rules for KMS keys, their policies and aliases."""

from __future__ import annotations

import json

from components.audit.reading import at, both, number, one_of, statements, text, texts
from components.audit.requests import ACCOUNT, ROLE
from components.audit.rule import RefusedCall, Rule
from components.audit.spoiling import NOTHING, given, statement
from components.explain.evidence import Case

KEY = "aws:kms/key:Key"
ALIAS = "aws:kms/alias:Alias"
_PREFLIGHT = "badmintoncryer/cdk-preflight rules/"
_KEY_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "kms:Decrypt",
                "Resource": "*",
            }
        ],
    }
)


def _lets_the_account_change_it(case: Case) -> bool:
    return any(
        one.get("Effect") == "Allow"
        and str(at(one, "Principal.AWS")).endswith(":root")
        and {"kms:PutKeyPolicy", "kms:*"} & set(texts(one.get("Action")))
        for one in statements(case.inputs["policy"])
    )


def _key(policy: str, sentence: str, source: str = "") -> RefusedCall:
    return RefusedCall("kms.CreateKey", {"Policy": policy}, "MalformedPolicyDocumentException", sentence, source)


RULES = (
    Rule(
        "kms-lockout",
        KEY,
        "A key policy allows the account to change it: otherwise no one ever could.",
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
        _lets_the_account_change_it,
        given({"policy": _KEY_POLICY}),
        (
            _key(
                _KEY_POLICY,
                "The new key policy will not allow you to update the key policy in the future.",
                f"{_PREFLIGHT}kms/pf-kms-key-policy-lockout",
            ),
        ),
    ),
    Rule(
        "kms-policy-whole",
        KEY,
        "A key policy's statements have a principal, actions and a resource.",
        f"{_PREFLIGHT}kms/pf-kms-key-policy-statement",
        lambda case: all(
            {"Effect", "Principal", "Action", "Resource"} <= one.keys() for one in statements(case.inputs["policy"])
        ),
        statement("policy", Principal=NOTHING),
        (
            _key(
                json.dumps({"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}),
                "Policy contains a statement with no principal.",
            ),
            _key(
                json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:*"}]}),
                "Missing required field Resource",
            ),
        ),
    ),
    Rule(
        "kms-policy-size",
        KEY,
        "A key policy has at most 32 KB of Latin-1.",
        "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html",
        text("policy", 1, 32_768, r"[\t\n\r\x20-\xff]+"),
        given({"policy": " " * 32_769}),
    ),
    Rule(
        "kms-description",
        KEY,
        "A key's description has at most 8,192 characters.",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html",
        text("description", 0, 8192),
        given({"description": "d" * 8193}),
        (
            RefusedCall(
                "kms.CreateKey",
                {"Description": "d" * 8193},
                "ValidationException",
                f"1 validation error detected: Value '{'d' * 8193}' at 'description' failed to satisfy constraint: "
                "Member must have length less than or equal to 8192",
            ),
        ),
    ),
    Rule(
        "kms-window",
        KEY,
        "The waiting period of a key's deletion is 7 to 30 days.",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html",
        number("deletionWindowInDays", 7, 30),
        given({"deletionWindowInDays": 1}),
    ),
    Rule(
        "kms-rotation",
        KEY,
        "Only a symmetric key with KMS's own material supports automatic rotation.",
        f"{_PREFLIGHT}kms/pf-kms-key-rotation",
        both(
            one_of("customerMasterKeySpec", ("SYMMETRIC_DEFAULT",)),
            number("rotationPeriodInDays", 90, 2560),
        ),
        given({"customerMasterKeySpec": "RSA_2048"}),
    ),
    Rule(
        "kms-alias",
        ALIAS,
        "An alias starts with alias/, but not with alias/aws/, which is reserved.",
        "https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html",
        text("name", 7, 256, r"alias/(?!aws/)[a-zA-Z0-9/_-]+"),
        given({"name": "alias/aws/orders"}),
        (
            RefusedCall(
                "kms.CreateAlias",
                {"AliasName": "orders", "TargetKeyId": "00000000-0000-0000-0000-000000000000"},
                "ValidationException",
                'Alias must start with the prefix "alias/". Please see '
                "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
                "localstack/localstack tests/aws/services/kms/test_kms.snapshot.json",
            ),
        ),
    ),
)
