"""One tested artefact through many accounts and Regions, in waves, from one manifest."""
