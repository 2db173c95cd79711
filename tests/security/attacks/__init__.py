"""Attacks on an applied stack, each with the protection that it must not get past.

A test here is named after what it tries, and marked with the protections that keep it out:

    @against(Protection.CLAIM_TOPICS)
    def test_a_claim_connection_listens_to_everything(claimant):
        refused(claimant.subscribe, "#")

It runs once with everything in place. Then it runs again for each of its protections, with this one
taken out at the endpoint, and must notice: only `Succeeded` counts, which `refused` and `held`
raise. So a protection that nobody would miss, and a test that sees nothing, both fail the run.

`protections.py` is the list. What AWS IoT keeps by itself cannot be taken out: those entries say
what we rely on, and their tests show that the endpoint does it. A run leaves its result in
`reports/attacks.md`.
"""
