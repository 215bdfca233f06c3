"""Clients from outside PyPI against a sandbox: `make test-clients`, if their toolchains are installed."""
