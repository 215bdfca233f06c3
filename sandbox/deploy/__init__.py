"""Deploys a Pulumi program into the sandbox, without Pulumi's engine.

The program runs unchanged under the SDK's mock monitor, and each resource is
created at the endpoint with boto3 as the AWS provider would create it. A type
that no handler knows, and an input that its handler does not read, are errors.
Into an empty sandbox only: no diffs, no state, nothing is updated or deleted.
"""

from sandbox.deploy.deployer import deploy, stack_region

__all__ = ["deploy", "stack_region"]
