"""Methods that find shapes in an image."""
