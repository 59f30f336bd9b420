"""Candidates, the joint step, the trainer, runs."""
