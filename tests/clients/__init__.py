"""Clients that pip does not bring, against a sandbox: `make test-clients`, where their toolchains are."""
