"""The real Trino as the oracle of the sandbox's Athena: it runs in a Java process, and its results are recorded."""
