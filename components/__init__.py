"""The pipeline's stages, one Pulumi component resource a file.

`__main__.py` reads `Settings`, makes a `Site` of it and hands that to each
stage; nothing in here reads the stack's configuration a second time. A stage
can be used without the others: its arguments say what it needs, its attributes
what it gives.
"""
