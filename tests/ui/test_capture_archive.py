"""A bundle as one archive: every file as the manifest has it, and nothing at all of a bundle that was changed."""

import hashlib
import io
import json
import shutil
import zipfile

import pytest

from telemetry import archives
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db


def bytes_of(response):
    return b"".join(response.streaming_content)


def test_the_archive_holds_what_the_manifest_lists_with_the_same_hashes(
    pages, make_run, make_capture
):
    run = make_run("counted")
    capture = make_capture(run, capture_key="counted")

    response = pages.get(f"/telemetry/{capture.pk}/bundle.zip")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/zip"
    assert response["Content-Disposition"] == 'attachment; filename="counted-g000001.zip"'
    with zipfile.ZipFile(io.BytesIO(bytes_of(response))) as archive:
        assert archive.testzip() is None
        text = archive.read("counted-g000001/manifest.json")
        assert "sha256:" + hashlib.sha256(text).hexdigest() == capture.manifest_hash
        manifest = json.loads(text)
        listed = {
            entry["path"]: entry["hash"] for entry in manifest["files"] + manifest["companions"]
        }
        found = {
            name.removeprefix("counted-g000001/"): "sha256:"
            + hashlib.sha256(archive.read(name)).hexdigest()
            for name in archive.namelist()
        }
    assert found.pop("manifest.json") == capture.manifest_hash
    assert found == listed


def test_two_archives_of_one_bundle_are_the_same_bytes(pages, make_run, make_capture):
    capture = make_capture(make_run())
    url = f"/telemetry/{capture.pk}/bundle.zip"

    assert bytes_of(pages.get(url)) == bytes_of(pages.get(url))


def test_the_page_offers_it_and_a_viewer_may_have_it(viewer_pages, make_run, make_capture):
    capture = make_capture(make_run())
    url = f"/telemetry/{capture.pk}/bundle.zip"

    assert url in viewer_pages.get(f"/telemetry/{capture.pk}").content.decode()
    assert viewer_pages.get(url).status_code == 200


def test_a_changed_bundle_is_refused_before_a_byte_is_sent(
    pages, make_run, make_capture, data_dirs
):
    run = make_run()
    capture = make_capture(run)
    file = data_dirs.telemetry / "runs" / run.pk / "g000001" / "Desk_Served.csv"
    file.write_bytes(file.read_bytes().replace(b"0,4", b"0,5"))

    response = pages.get(f"/telemetry/{capture.pk}/bundle.zip")

    assert response.status_code == 422
    assert "Desk_Served.csv" in text_of(response)


def test_a_bundle_that_is_gone_is_refused(pages, make_run, make_capture, data_dirs):
    run = make_run()
    capture = make_capture(run)
    shutil.rmtree(data_dirs.telemetry / "runs" / run.pk)

    assert pages.get(f"/telemetry/{capture.pk}/bundle.zip").status_code == 422


def test_a_file_changed_while_it_is_sent_leaves_an_archive_that_nobody_opens(
    make_run, make_capture, data_dirs
):
    run = make_run()
    capture = make_capture(run)
    chunks = archives.zip_bundle(capture).chunks
    sent = [next(chunks)]
    for file in (data_dirs.telemetry / "runs" / run.pk / "g000001").glob("*.csv"):
        file.write_bytes(b"bin_index,value\n0,9\n")

    with pytest.raises(archives.BundleCorrupt):
        sent += list(chunks)

    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(b"".join(sent)))


def test_a_capture_without_a_bundle_offers_none(pages, make_run):
    run = make_run()
    pages.post(f"/runs/{run.pk}/capture")
    capture = run.captures.get()

    assert pages.get(f"/telemetry/{capture.pk}/bundle.zip").status_code == 422
    with pytest.raises(KeyError):
        element_of(pages.get(f"/telemetry/{capture.pk}"), "files")
