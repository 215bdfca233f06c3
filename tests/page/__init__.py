"""The console's page in a headless Chromium, if one is installed: `make test-page`, outside the suite."""
