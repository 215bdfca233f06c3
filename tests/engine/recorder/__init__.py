"""A stand-in for the bridged AWS provider: it answers Pulumi's engine by its protocol and writes down every call.

    with serve(Account()) as provider:
        ...  # run the engine with PULUMI_DEBUG_PROVIDERS=aws:<provider.port>
        provider.account.calls

It holds what the engine made it create, in memory, and answers as the provider
would as far as the program needs it: names that are taken, ids, ARNs, what
replaces a resource and in which order, what a preview cannot know. It is no
AWS: whether AWS takes a value it does not say.

The rules are those of github.com/pulumi/pulumi-terraform-bridge,
pkg/tfbridge/provider.go and schema.go, on which pulumi-aws is built, and of
github.com/pulumi/pulumi, proto/pulumi/provider.proto.
"""

from tests.engine.recorder.account import Account, Call, Thing
from tests.engine.recorder.service import Provider, serve

__all__ = ["Account", "Call", "Provider", "Thing", "serve"]
