# /// script
# requires-python = ">=3.11"
# dependencies = ["napari-morphogen[viewer,networks]"]
# ///
"""Train a VAE on patches of the coins for some seconds, and look at what it has learnt.

Three seconds are enough to see how it goes; give minutes, and your own images, for
samples worth looking at. Run with --show to see them in napari.
"""

import sys

from napari_morphogen import write
from napari_morphogen.generating import Settings, Wanted, compression, learn, sample
from napari_morphogen.samples import coins

MODEL = "coins_vae.morphogen"
settings = Settings("vae", patch=32, seconds=3, seed=1)
for report in learn([coins()], settings, MODEL, looks=False):
    print(f"\rstep {report.step}", end="")
print("\nreport card:", {name: report.card[name] for name in ("texture", "coverage")})

samples = sample(MODEL, Wanted(count=16, seed=1, montage=True))
write("coins_samples.tif", samples)
again = compression(MODEL, coins())
print(f"{again.bytes_patch} bytes become {again.bytes_code}: PSNR {again.psnr:.1f} dB")

if "--show" in sys.argv:
    import napari

    viewer = napari.Viewer()
    viewer.add_image(samples.data, name="samples")
    viewer.add_image(again.image.data, name="coins encoded and decoded", visible=False)
    napari.run()
