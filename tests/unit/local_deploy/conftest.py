"""A place to write small templates and deploy them onto moto in process."""

import functools
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from trellis_local.deploy.deployer import Deployment, Target, deploy


class Workshop:
    """A project directory; `deploy` takes the body of a template."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.client = functools.cache(lambda service: boto3.client(service, region_name="us-west-2"))

    def write(self, path: str, text: str = "") -> None:
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text))

    def deploy(self, template: str, **parameters: Any) -> Deployment:
        head = 'AWSTemplateFormatVersion: "2010-09-09"\nTransform: AWS::Serverless-2016-10-31\n'
        self.write("template.yaml", head + textwrap.dedent(template))
        target = Target(clients=self.client, stack="shop")
        return deploy(self.directory / "template.yaml", target, parameters=parameters)


@contextmanager
def open_workshop(directory: Path, *, managed_policies: bool) -> Iterator[Workshop]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_ACCESS_KEY_ID", "test")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patched.setenv("MOTO_ACCOUNT_ID", "111122223333")
        # As on the endpoint; reading them takes most of a second, so only the shared workshop has them.
        patched.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", str(managed_policies).lower())
        with mock_aws():
            yield Workshop(directory)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    with open_workshop(tmp_path, managed_policies=False) as workshop:
        yield workshop


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """For a file whose tests only read what was deployed once."""
    with open_workshop(tmp_path_factory.mktemp("shared"), managed_policies=True) as workshop:
        yield workshop
