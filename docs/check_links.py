"""Check the links within the built site, that its pages load nothing from elsewhere, and
the links of the README and its like to files.

::

    python docs/check_links.py docs/_build/html
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loaded, self.anchors = [], [], {"", "top"}
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.anchors |= {values.get("id"), values.get("name")}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "link" and values.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(values["href"])
        elif "src" in values:
            self.loaded.append(values["src"])


def faults_of_site(folder):
    """Yield a sentence for each link that leads nowhere."""
    paths = (path for path in folder.rglob("*.html") if "_static" not in path.parts)
    pages = {path.resolve(): Page(path) for path in paths}
    for path, page in pages.items():
        for target in page.links + page.loaded:
            address = urlsplit(target)
            if address.scheme == "data":
                continue
            if address.netloc:
                if target in page.loaded:
                    yield f"{path.name} loads {target}"
                continue
            found = (path.parent / unquote(address.path)) if address.path else path
            found = found.resolve()
            if not found.exists():
                yield f"{path.name} links to {target}, which does not exist"
            elif found in pages and unquote(address.fragment) not in pages[found].anchors:
                yield f"{path.name} links to {target}, which has no such anchor"


def faults_of_readme(path):
    """Yield a sentence for each file that a README links to and that does not exist."""
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if not urlsplit(target).netloc and not (path.parent / target).exists():
            yield f"{path.name} links to {target}, which does not exist"


def main():
    """Print all faults, and fail if there are any."""
    site = Path(sys.argv[1])
    readmes = Path(__file__).parents[1].glob("*.md")
    faults = [*faults_of_site(site)]
    faults += [fault for path in readmes for fault in faults_of_readme(path)]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(list(site.rglob('*.html')))} pages, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
