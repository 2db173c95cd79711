"""Switches a claim certificate off when its budget alarm goes off.

CloudWatch invokes it directly: the function is an action of the alarms on how many things were
registered through each claim certificate.
"""
