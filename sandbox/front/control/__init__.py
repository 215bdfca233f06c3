"""The control calls: what creates, describes, changes and deletes resources.

moto answers them. Where AWS would refuse, a refusal does (`refuses`); where
moto has no answer or another than AWS, one of this package's modules does, one
a service (`answers`), or adds what moto's answer lacks (`amends`).
"""

from sandbox.front.control.call import ControlCall, parse
from sandbox.front.control.dispatch import ControlPlane
from sandbox.front.control.registry import amends, answers, refuses

__all__ = ["ControlCall", "ControlPlane", "amends", "answers", "parse", "refuses"]
