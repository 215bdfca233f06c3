"""The journal's collection of the records that faults hold back."""

COLLECTION = "held"
"""Its elements are records, by their numbers."""
