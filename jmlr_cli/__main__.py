"""`python -m jmlr_cli`, which is how launchers of several processes start the command."""

from jmlr_cli.main import main

if __name__ == "__main__":
    main()
