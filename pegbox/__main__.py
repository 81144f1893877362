"""`python -m pegbox` is the command `pegbox`."""

from pegbox.cli.main import app

if __name__ == "__main__":
    app()
