"""The real Trino beside the sandbox's Athena: it answers statements in a process of Java, and its answers are kept."""
