"""`python -m harness` is `podium`."""

from harness.cli import main

if __name__ == "__main__":
    main()
