"""`python -m components.explain`."""

from components.without_pulumi import exit_with

if __name__ == "__main__":
    exit_with("components.explain.cli")
