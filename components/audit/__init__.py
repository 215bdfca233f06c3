"""The rules of AWS and its provider for each resource: a table of checks with their sources.

The sandbox may accept what AWS would refuse, and a test may repeat its author's error. So each rule has an external
source: the API reference, the provider's code, or a recording from AWS. A rule that AWS enforces has a request that AWS
refuses and AWS's sentence, and the sandbox must give the same one (tests/integration/sandbox/test_refusals.py).

    python -m components.audit --stack prod

It is separate from `explain`, because it describes allowed resources, not existing ones; it uses the same graph, which
needs neither engine nor account.
"""
