"""Pictures without a network: colours, a small copy, and which way edges run in each part."""

from __future__ import annotations

from harness.gateway.providers.offline.media.base import Kind

PICTURE = Kind(
    name="picture",
    suffixes=(".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif"),
    imports=("from PIL import Image",),
    code='''
def picture(path):
    """A picture in numbers: see `picture_numbers`; a JPEG is decoded small at once."""
    with Image.open(path) as image:
        width, height = image.size
        image.draft("RGB", (64, 64))
        if image.mode.startswith("I") or image.mode == "F":  # many shades of grey
            grey = np.asarray(image, dtype=np.float32)
            image = Image.fromarray((255 * (grey - grey.min()) / max(1e-6, np.ptp(grey))).astype(np.uint8))
        pixels = np.asarray(image.convert("RGB").resize((48, 48)), dtype=np.float32) / 255
    return np.concatenate([[width, height, width / height], picture_numbers(pixels)])


def picture_numbers(pixels):
    """Colour shares, a copy of 8 by 8, and for each of nine parts how strongly edges run in each of 8 directions."""
    grey = pixels.mean(axis=2)
    shares = [np.histogram(pixels[:, :, channel], bins=8, range=(0, 1), density=True)[0] for channel in range(3)]
    small = pixels.reshape(8, 6, 8, 6, 3).mean(axis=(1, 3)).ravel()
    down, across = np.gradient(grey)
    strength, way = np.hypot(down, across), ((np.arctan2(down, across) / np.pi + 1) * 4).astype(int) % 8
    edges = [
        np.bincount(way[i : i + 16, j : j + 16].ravel(), strength[i : i + 16, j : j + 16].ravel(), 8)
        for i in (0, 16, 32)
        for j in (0, 16, 32)
    ]
    spread = [*pixels.mean(axis=(0, 1)), *pixels.std(axis=(0, 1)), strength.mean(), strength.std()]
    return np.concatenate([*shares, small, *edges, spread])
''',
)

SCAN = Kind(
    name="scan",
    suffixes=(".dcm",),
    imports=("from PIL import Image",),
    code='''
def scan(path):
    """A medical picture in the same numbers as any other."""
    import pydicom

    values = np.squeeze(pydicom.dcmread(path).pixel_array).astype(np.float32)
    values = values[len(values) // 2] if values.ndim == 3 else values
    low, high = np.percentile(values, [1, 99])
    grey = Image.fromarray((255 * np.clip((values - low) / max(1e-6, high - low), 0, 1)).astype(np.uint8))
    pixels = np.repeat(np.asarray(grey.resize((48, 48)), dtype=np.float32)[:, :, None] / 255, 3, axis=2)
    return np.concatenate([[*values.shape[:2], low, high], picture_numbers(pixels)])
''',
)
