"""After the certificate: what becomes of a device's record, certificates and shadow, and the trail.

Four functions share this package: ``confirm`` turns records ACTIVE, ``enforce`` makes AWS IoT agree
with each record that changes, ``audit`` keeps what was decided, and ``sweep`` finds what the other
three missed. Events are hints: each function reads the record as it is now and asks for a state, so
that duplicates, losses and any order of events end the same way.
"""
