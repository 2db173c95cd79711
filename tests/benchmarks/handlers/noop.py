"""Answers at once: the floor under every measurement."""


def lambda_handler(_event, _context):
    return {"allowProvisioning": True, "parameterOverrides": {}}
