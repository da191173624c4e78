"""Image in, image out: less noise, even background, more contrast, sharper."""
