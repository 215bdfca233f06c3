"""Describe a stack without deploying it: `python -m components.explain --stack prod`.

The program runs against a recorder (`graph`). The recorded resources are described (`purposes`), checked against the
Security Hub controls (`controls`, with the predicates in `evidence`) and priced (`prices`, from `rates`); a `report` of
that is rendered for people (`text`) or programs (`document`). The difference of two graphs is what an update would do
(`change`, with the provider's rules in `replaces`). The tests use the same graph. The program does not use this
package.
"""
