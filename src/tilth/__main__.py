"""`python -m tilth` is `tilth`."""

from tilth.cli import main

if __name__ == "__main__":  # worker processes of a server import this module under another name
    main()
