"""`terraform test` of every configuration that has `*.tftest.hcl` files, without an endpoint."""

import pytest

from tests.support.terraform import ROOT, Workspace, stage

CONFIGURATIONS = sorted(
    {path.parent.parent.relative_to(ROOT) for path in ROOT.glob("terraform/**/tests/*.tftest.hcl")}
)


@pytest.mark.parametrize("configuration", CONFIGURATIONS, ids=str)
def test_terraform_test(tmp_path, configuration):
    workspace = Workspace(stage(tmp_path), str(configuration)).init()
    workspace.run("test", "-no-color")
