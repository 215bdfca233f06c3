"""Deploys a Pulumi program to the sandbox, without Pulumi's engine.

The program runs unchanged under the SDK's mock monitor, and each resource is created at the endpoint with boto3 as the
AWS provider would create it. A type without a handler, and an input that its handler does not read, are errors. It only
deploys to an empty sandbox: it computes no diffs, stores no state, and neither updates nor deletes.
"""

from sandbox.deploy.deployer import deploy, stack_region

__all__ = ["deploy", "stack_region"]
