"""A pytest plugin: the fixture `cdc_sandbox` is a deployed pipeline in a sandbox.

`plugin` is what pytest loads in every run of an environment with this project, so it imports nothing else of it;
`pipeline` is the fixture's value.
"""
