"""Networks and their training; the only home of PyTorch."""

import os

# Threads that wait for each other must sleep: spinning, two of them cost many times
# the time of one as soon as another program wants a core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
