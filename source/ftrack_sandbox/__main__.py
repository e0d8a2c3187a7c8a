"""`python -m ftrack_sandbox` is `ftrack-sandbox`."""

from ftrack_sandbox.cli import main

main(prog_name="ftrack-sandbox")
