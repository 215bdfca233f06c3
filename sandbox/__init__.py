"""AWS on one machine: a server, the workers that move the changes, and the deployment of the program.

`python -m sandbox up` starts it, deploys `__main__.py` with `Pulumi.local.yaml` and prints the outputs; the other
commands are `status`, `logs`, `down` and `demo`. AWS clients work with its endpoint without changes.
"""
