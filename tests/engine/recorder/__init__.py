"""A fake of the bridged AWS provider: it implements the protocol of Pulumi's engine and records every call.

    with serve(Account()) as provider:
        ...  # run the engine with PULUMI_DEBUG_PROVIDERS=aws:<provider.port>
        provider.account.calls

It stores the engine's resources in memory and responds like the provider as far as the program needs it: taken names,
ids, ARNs, replacements and their order, unknown values in a preview. It does not check whether AWS accepts a value.

The rules are those of github.com/pulumi/pulumi-terraform-bridge,
pkg/tfbridge/provider.go and schema.go, on which pulumi-aws is built, and of
github.com/pulumi/pulumi, proto/pulumi/provider.proto.
"""

from tests.engine.recorder.account import Account, Call, Thing
from tests.engine.recorder.service import Provider, serve

__all__ = ["Account", "Call", "Provider", "Thing", "serve"]
