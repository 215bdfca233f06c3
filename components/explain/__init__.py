"""What a stack is, without deploying it: `python -m components.explain --stack prod`.

The program runs against a recorder (`graph`). The resources that it leaves are
described (`purposes`), held to the Security Hub controls (`controls`, with how
each is shown in `evidence`) and priced (`prices`, from `rates`); a `report` of
that is drawn for people (`text`) or programs (`document`). Two graphs compared
are what an update would do (`change`, by the provider's rules in `replaces`).
The tests read the same graph. The program itself uses nothing of this.
"""
