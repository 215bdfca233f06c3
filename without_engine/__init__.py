"""Runs a Pulumi program without Pulumi's engine: its project and stack files, its configuration, its resources.

project   reads Pulumi.yaml and a stack's file, as the Pulumi CLI does
running   runs the program as Pulumi's language host does, against a monitor in the engine's place
monitor   what such a monitor needs whatever it does with the resources

`components.explain` has a monitor that records, `sandbox.deploy` one that creates.
"""
