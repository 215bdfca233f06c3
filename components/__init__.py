"""The pipeline's stages, one Pulumi component resource per file.

`__main__.py` reads `Settings`, creates a `Context` from it and passes that to each stage; no stage reads the stack's
configuration again. A stage can be used without the others: its arguments are its inputs, its attributes its outputs.
"""
