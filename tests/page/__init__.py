"""The console's page in a headless Chromium, where one is installed: `make test-page`, outside the suite."""
