"""Runs the audit as a program: `python -m components.audit`."""

from __future__ import annotations

from components.without_pulumi import exit_with

if __name__ == "__main__":
    exit_with("components.audit.cli")
