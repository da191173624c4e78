"""How a generator learns."""

from dataclasses import dataclass

from napari_morphogen.nn.generator import Kind


@dataclass(frozen=True)
class GeneratorOptions:
    """What a training does beside its images; the defaults suit a laptop.

    Attributes
    ----------
    kind : str
        Which family of networks.
    patch : int
        Pixels along rows and columns of what is learnt from and made.
    rotations : bool
        Whether patches turned and mirrored are as good as they are.
    held_out : float
        Share of the images that is not learnt from, to compare samples with.
    foreground : float
        Least share of bright pixels in a patch; 0 takes all patches.
    each : bool
        Whether every image is brought to the same brightness first. Without it
        bright images stay brighter than others, as calibrated ones should.
    width, latent, rate
        Of the network and its learning; 0 chooses.
    batch : int
        Patches of a step.
    seed : int
        Of all that is drawn.
    threads : int
        Cores used; 0 leaves one free.
    device : str
        "cpu", "cuda" or "mps".
    """

    kind: Kind = "flow"
    patch: int = 32
    rotations: bool = True
    held_out: float = 0.2
    foreground: float = 0.05
    each: bool = True
    width: int = 0
    latent: int = 0
    rate: float = 0.0
    batch: int = 32
    seed: int = 0
    threads: int = 0
    device: str = "cpu"
