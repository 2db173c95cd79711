"""What a pipeline, whose machines are gone after each job, cannot do that one shell can."""

from tools.rollout.model import Manifest


def beyond(manifest: Manifest) -> list[str]:
    """Return a sentence for each thing in a manifest that a pipeline would silently leave out."""
    said = []
    if any(target.backend.type == "local" for target in manifest.targets):
        said.append(
            "backend.type local keeps the states on a pipeline's machine, where they are gone with "
            "the job: use s3, or `iot-provisioning rollout run`."
        )
    if manifest.packages.directory and not manifest.packages.sha256:
        said.append(
            "packages.directory is read by `iot-provisioning rollout run` alone, and a pipeline "
            "builds the packages itself: give packages.sha256, so that it takes no other, or leave "
            "the directory out."
        )
    return said
