"""Methods that make new images: from parameters alone or from an example."""
