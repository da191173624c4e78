"""Trained networks in files that other programs run, and run without PyTorch here."""
