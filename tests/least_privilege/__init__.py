"""`make least-privilege`: takes one right at a time away, and shows what breaks without it.

Stacks are applied where IAM and IoT policies are enforced (`stacks.py`), and asked for every policy
document that is in them (`holders.py`): roles' policies and trust policies, managed and IoT
policies, and those of functions, topics, buckets and keys. Each action, each condition and each
denial is a right, in an IoT policy each resource too (`documents.py`); what several hold for the
same purpose is one (`inventory.py`). `flows/` has what stacks are there for, and attacks: each flow
names the rights that it needs. `documented.toml` has the rights that AWS's documentation demands
and the endpoint cannot show to be needed.

In each stack (`runner.py`):

1. Every flow works with every right: they are sufficient.
2. Every flow works without all that only the documentation demands: no entry there is stale.
3. Each other right is taken away by itself. One of its flows has to break, twice, and to work when
   the right is back. An attack breaks by getting through: that is what a condition is for.
4. Every flow works again.

A right that is neither proven nor documented fails the command, and so does a stale entry, or one
that names a right for a policy without it. The report (`report.py`) is
`reports/least-privilege.md` and `.json`.

A right counts as proven where one stack needs it. That a module grants it with that choice only is
for the module's plan tests to see.
"""
