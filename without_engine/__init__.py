"""Runs a Pulumi program without Pulumi's engine: its project and stack files, its configuration, its resources.

project   reads Pulumi.yaml and a stack's file, as the Pulumi CLI does
running   runs the program as Pulumi's language host does, against a monitor instead of the engine
monitor   the common parts of such monitors

`components.explain` has a monitor that records, `sandbox.deploy` one that creates.
"""
