from __future__ import annotations

from hypothesis import settings

# A shared, busy machine says nothing about how long an example should take.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
