"""The napari plugin: layers, forms, jobs and docks."""
