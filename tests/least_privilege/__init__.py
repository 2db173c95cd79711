"""`make least-privilege`: takes one right at a time away, and shows what breaks without it."""
