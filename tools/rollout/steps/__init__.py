"""What is done in one target, step by step: Terraform, the policy gate, the verification."""
