"""Sounds by the standard library and numpy: how strong each band of frequencies is, and how much that changes."""

from __future__ import annotations

from harness.gateway.providers.offline.media.base import Kind

SOUND = Kind(
    name="sound",
    suffixes=(".wav", ".aif", ".aiff"),
    imports=("import warnings", "import wave"),
    code='''
def samples_of(path):
    """The samples of a sound of whole numbers, as numbers from -1 to 1, channels averaged, and how many a second."""
    if path.suffix.lower() == ".wav":
        sound, order = wave.open(str(path)), "<"
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import aifc
        sound, order = aifc.open(str(path)), ">"
    with sound:
        rate, width, channels = sound.getframerate(), sound.getsampwidth(), sound.getnchannels()
        frames = sound.readframes(min(sound.getnframes(), 20 * rate))
    kind = {1: "u1" if order == "<" else "i1", 2: f"{order}i2", 4: f"{order}i4"}[width]
    values = np.frombuffer(frames, dtype=kind).astype(np.float32).reshape(-1, channels).mean(axis=1)
    return (values - 128 * (kind == "u1")) / 2 ** (8 * width - 1), rate


def sound(path):
    """Loudness and 40 bands of frequencies, wider the higher: mean, spread and highest over time."""
    values, rate = samples_of(path)
    size = 512
    values = np.pad(values, (0, max(0, size - len(values))))
    windows = np.lib.stride_tricks.sliding_window_view(values, size)[:: size // 2][:4000]
    power = np.abs(np.fft.rfft(windows * np.hanning(size), axis=1)) ** 2
    edges = np.unique(np.geomspace(1, size // 2, 41).astype(int))
    bands = np.log(np.add.reduceat(power[:, : size // 2 + 1], edges[:-1], axis=1) + 1e-9)
    loud = np.sqrt((windows**2).mean(axis=1))
    crossings = (np.diff(np.signbit(windows), axis=1) != 0).mean(axis=1)
    about = [len(values) / rate, loud.mean(), loud.std(), loud.max(), crossings.mean(), crossings.std()]
    return np.concatenate([about, bands.mean(axis=0), bands.std(axis=0), bands.max(axis=0)])
''',
)
