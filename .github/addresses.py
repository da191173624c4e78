"""Give README and metadata the addresses of the repository that releases them.

Package indexes and the napari hub follow absolute links only. The release workflow
knows the address, so that none has to be written into the sources:
python .github/addresses.py https://github.com/OWNER/NAME TAG
"""

import re
import sys
from pathlib import Path

PICTURE = re.compile(r"(!\[[^\]]*\])\((?!https?:)([^)#]+)\)")
LINK = re.compile(r"(?<!!)(\[[^\]]*\])\((?!https?:)([^)#]+)(#[^)]*)?\)")


def readme(text: str, repository: str, tag: str) -> str:
    """Return the text with absolute links to pictures and pages of the release."""
    text = PICTURE.sub(rf"\1({repository}/raw/{tag}/\2)", text)
    return LINK.sub(rf"\1({repository}/blob/{tag}/\2\3)", text)


def urls(text: str, repository: str, tag: str) -> str:
    """Return the text of pyproject.toml with the table of addresses."""
    table = {
        "Homepage": repository,
        "Documentation": f"{repository}/blob/{tag}/docs/index.md",
        "Source Code": repository,
        "Bug Tracker": f"{repository}/issues",
        "Changelog": f"{repository}/blob/{tag}/CHANGELOG.md",
    }
    lines = "".join(f'"{name}" = "{address}"\n' for name, address in table.items())
    return f"{text.rstrip()}\n\n[project.urls]\n{lines}"


def main() -> None:
    """Change both files in the folder that the script is called in."""
    repository, tag = sys.argv[1:]
    for name, changed in (("README.md", readme), ("pyproject.toml", urls)):
        path = Path(name)
        text = path.read_text(encoding="utf-8")
        path.write_text(changed(text, repository, tag), encoding="utf-8")


if __name__ == "__main__":
    main()
