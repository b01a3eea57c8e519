"""The addresses of the project in the metadata of its packages: those of the repository that builds them.

A build on GitHub (the release, or one of a fork) knows its repository; any other build has no address to claim.
"""

from __future__ import annotations

import os
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class RepositoryAddresses(MetadataHookInterface):
    """Fills ``[project.urls]``, which ``pyproject.toml`` declares as dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the addresses."""
        repository = os.environ.get("GITHUB_REPOSITORY", "")
        metadata["urls"] = {}
        if repository:
            owner, _, name = repository.partition("/")
            source = f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}"
            metadata["urls"] = {
                "Source": source,
                "Issues": f"{source}/issues",
                "Changelog": f"{source}/blob/main/CHANGELOG.md",
                "Documentation": f"https://{owner.lower()}.github.io/{name}/docs/",
            }
