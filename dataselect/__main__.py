"""`python -m dataselect`."""

from dataselect.cli import run

if __name__ == "__main__":
    run()
