"""What a stack is, without deploying it: `python -m components.explain --stack prod`.

The program runs against a recorder, and the graph of resources that it leaves
is drawn as a tree (`outline`), held to the Security Hub controls (`controls`,
with how each is shown in `evidence`) and priced (`prices`, from `rates`). The
tests read the same graph. The program itself uses nothing of this.
"""
