"""A simulated device: it provisions itself by claim, as a real one would, and reconnects.

The device knows only what a real device knows: its serial number, its type, a claim and where to
connect. It cannot see the registry, and it is not told why it was refused.

The decisions (`model`, `state`, `failures`) are pure and know nothing of the AWS IoT Device SDK;
`session` is the only module that imports it.
"""
