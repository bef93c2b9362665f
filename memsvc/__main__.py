"""`python -m memsvc` is `memsvc`."""

from memsvc.cli.main import main

if __name__ == "__main__":
    main()
