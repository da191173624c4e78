"""Kernels that find a number by its rank: the bits of positive numbers are in order."""

import numpy as np

from napari_morphogen.fast.kernel import kernel

SHIFT = 15  # of 32 bits: leaves the sign, the exponent and eight bits of the mantissa


@kernel
def count(bits, counts):
    """Count the numbers per bin of their leading bits."""
    for i in range(bits.size):
        counts[bits[i] >> np.uint32(SHIFT)] += 1


@kernel
def collect(bits, chosen, out):
    """Put the numbers of one bin into `out`; return how many they are."""
    n = 0
    for i in range(bits.size):
        if bits[i] >> np.uint32(SHIFT) == chosen:
            out[n] = bits[i]
            n += 1
    return n


KERNELS = (count, collect)


def warm() -> None:
    """Compile everything."""
    bits = np.zeros(1, np.uint32)
    count(bits, np.zeros(1, np.int64))
    collect(bits, np.uint32(0), bits.copy())
