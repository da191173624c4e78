"""Networks that learn from labels: needs PyTorch, which nothing else imports."""
