"""The control calls: those that create, describe, change and delete resources.

moto handles them by default. `refuses` registers a check that refuses what AWS refuses. `answers` registers a handler
that replaces moto's, where moto lacks the operation or its output differs from AWS's. `amends` registers a handler that
completes or corrects moto's output. Each service has one module.
"""

from sandbox.front.control.call import ControlCall, parse
from sandbox.front.control.dispatch import ControlPlane
from sandbox.front.control.registry import amends, answers, refuses

__all__ = ["ControlCall", "ControlPlane", "amends", "answers", "parse", "refuses"]
