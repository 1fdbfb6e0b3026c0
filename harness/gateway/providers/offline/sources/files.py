"""A list of every file, archives unpacked: what is packed beside a folder of the same name is left alone."""

from __future__ import annotations

ALL_FILES = '''
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".7z")


def unpack(path, folder):
    """Unpack one archive, entries that leave the folder left out; one that can't be read is no loss to the others."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if path.name.endswith(".7z"):
            with py7zr.SevenZipFile(path) as archive:
                archive.extractall(folder)
        elif path.name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
        else:
            with tarfile.open(path) as archive:
                archive.extractall(folder, filter="data")
    except Exception as error:
        print(f"{path.name} could not be unpacked: {type(error).__name__}: {error}")


def all_files():
    """Every file of ./input, and of its archives unless a folder of the same name lies there already."""
    found = sorted(path for path in INPUT.rglob("*") if path.is_file() and path.name != "description.md")
    packed = [path for path in found if path.name.lower().endswith(ARCHIVES)]
    for path in packed:
        stem = path.name.split(".")[0]
        if not (path.parent / stem).is_dir():
            unpack(path, WORKING / "unpacked" / stem)
    inner = sorted(path for path in (WORKING / "unpacked").rglob("*") if path.is_file())
    for path in [path for path in inner if path.name.lower().endswith(ARCHIVES)]:
        unpack(path, path.parent / path.name.split(".")[0])  # archives of archives, one level deep
    inner = sorted(path for path in (WORKING / "unpacked").rglob("*") if path.is_file())
    return [path for path in found if path not in packed] + [
        path for path in inner if not path.name.lower().endswith(ARCHIVES)
    ]
'''
SEVENZIP = """try:
    import py7zr
except ImportError:  # only needed where data are packed that way
    py7zr = None"""
