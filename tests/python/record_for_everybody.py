"""A person's record as they get it: a ZIP archive that is what its manifest says, and a page for everybody.

The page is opened in Chromium and looked at with axe-core, which must find nothing by any rule; and must find what is
wrong with the same page where its language, its title, a text for a picture or a row's heading is taken out.
Usage: record_for_everybody.py ARCHIVE CHROMIUM NOT_IN_IT IN_IT...
"""

import hashlib
import json
import re
import sys
import zipfile

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

ARCHIVE, CHROMIUM, HIDDEN, *SHOWN = sys.argv[1:]

with zipfile.ZipFile(ARCHIVE) as archive:
    assert archive.testzip() is None
    files = {name: archive.read(name) for name in archive.namelist()}

# What is in it is what the manifest says, and nothing besides.
manifest = json.loads(files["manifest.json"])
assert list(files) == [one["name"] for one in manifest["files"]] + ["manifest.json"]
for one in manifest["files"]:
    data = files[one["name"]]
    assert hashlib.sha256(data).hexdigest() == one["sha256"] and len(data) == int(one["size"]), one
assert manifest["contract"] == "trellis.recovery.v1" and manifest["version"] and manifest["createTime"]
assert manifest["end"]["whole"] and manifest["end"]["withheld"]
for name, data in files.items():
    assert HIDDEN.encode() not in data, f"{name} has what is kept from the person"

# Every part has its file, by the contract's JSON, which ends with how far it was read.
parts = {one["part"]: json.loads(files[one["name"]]) for one in manifest["files"] if "part" in one}
assert len(parts) == 25, sorted(parts)
for part, messages in parts.items():
    assert all(message["part"] == part for message in messages), part
    assert messages[-1]["partEnd"]["outcome"] == "PART_OUTCOME_WHOLE", part
notes = [note for message in parts["RECORD_PART_NOTES"] for note in message.get("notes", {}).get("notes", [])]
assert [note["sections"][0]["body"] for note in notes] == ["Doing well."]
assert parts["RECORD_PART_GOALS"][0]["goals"]["goals"][0]["content"]["goal"] == {"words": "A flat of my own."}

page = files["record.html"].decode()
for text in SHOWN:
    assert text in page, f"the page does not say {text!r}"
assert "&lt;script&gt;alert('river')&lt;/script&gt; &amp; more" in page and "<script" not in page
assert not re.search(r"(src|href)=\"(?!#|data:image/svg)", page), "something is asked of elsewhere"
assert " UTC</time>" in page

# What axe-core must find where the page is broken so.
BROKEN = {
    "html-has-lang": lambda html: html.replace('<html lang="en">', "<html>"),
    "image-alt": lambda html: re.sub(r' alt="[^"]*"', "", html),
    "document-title": lambda html: html.replace("<title>My record</title>", ""),
    "heading-order": lambda html: html.replace("<h2", "<h4").replace("</h2>", "</h4>"),
    "empty-table-header": lambda html: re.sub(r'(<th scope="row">)[^<]*</th>', r"\1</th>", html),
}

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    asked = []

    def violations(html, rules=None):
        """What of these rules is broken, of all where none are named; and what is seen."""
        tab = browser.new_page()
        tab.on("request", lambda request: asked.append(request.url))
        tab.set_content(html)
        options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
        found = Axe().run(tab, options=options).response["violations"]
        seen = tab.inner_text("body")
        tab.close()
        return [one["id"] for one in found], seen

    found, seen = violations(page)
    assert found == [], found
    for text in SHOWN:
        assert text in seen, f"nobody sees {text!r}"
    for rule, breaks in BROKEN.items():
        broken = breaks(page)
        assert broken != page, rule
        assert violations(broken, [rule])[0] == [rule], f"axe finds nothing in a page without {rule}"
    assert all(url.startswith("data:") for url in asked), asked
    browser.close()

print("record: OK")
