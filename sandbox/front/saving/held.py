"""Where the journal has the records that faults hold back."""

COLLECTION = "held"
"""Its elements are records by their numbers."""
