"""Operator-side and build-side tools: what people and pipelines run, never a Lambda function."""
