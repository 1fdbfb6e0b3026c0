"""A small convolutional network for pictures, where torch is installed: on a GPU if there is one, else on the CPU.

Pictures are made small first, so it learns shapes and textures that the plain numbers of a picture miss, within
minutes. It is trained from scratch: no weights are at hand without a network connection.
"""

from __future__ import annotations

from harness.gateway.providers.offline.families.base import Construction, Family, Settings, Tuning, by_size
from harness.gateway.providers.offline.preview import DataFacts
from harness.gateway.providers.offline.recipe import Task

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif")
_FEWEST = 100  # pictures; with fewer a network has nothing to learn from

NETWORK_CODE = '''
ONE_AT_A_TIME = threading.Lock()  # networks share the GPU and torch's random numbers; folds run side by side


class SmallNetwork:
    """Three convolutions with pooling; labels get probabilities, numbers are learnt on their own scale."""

    def __init__(self, seed, labels, epochs, width, learning_rate):
        self.seed, self.labels, self.epochs, self.width, self.learning_rate = seed, labels, epochs, width, learning_rate
        self.device = "cuda" if torch.cuda.is_available() else "cpu"

    def fit(self, X, y):
        with ONE_AT_A_TIME:
            torch.manual_seed(self.seed)
            torch.set_num_threads(THREADS)
            if self.labels:
                self.classes_ = np.unique(y)
                target = torch.from_numpy(np.searchsorted(self.classes_, y))
            else:
                self.middle, self.spread = float(np.mean(y)), float(np.std(y)) or 1.0
                target = torch.from_numpy(((y - self.middle) / self.spread).astype(np.float32))
            self.network = self._made(len(self.classes_) if self.labels else 1).to(self.device)
            self._train(torch.from_numpy(X), target)
        return self

    def _made(self, outputs):
        layers, before = [], 3
        for after in (self.width, 2 * self.width, 4 * self.width):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
            before = after
        ending = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.2), nn.Linear(4 * before, outputs)]
        return nn.Sequential(*layers, *ending)

    def _train(self, X, target):
        steps = self.epochs * -(-len(X) // 64)
        optimizer = torch.optim.AdamW(self.network.parameters(), lr=self.learning_rate, weight_decay=0.02)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.learning_rate, total_steps=steps)
        loss = nn.CrossEntropyLoss(label_smoothing=0.05) if self.labels else nn.SmoothL1Loss()
        self.network.train()
        for _ in range(self.epochs):
            for rows in torch.randperm(len(X)).split(64):
                batch = self._batch(X[rows])
                batch = batch.flip(3) if torch.rand(1) < 0.5 else batch
                answers = self.network(batch)
                value = loss(answers if self.labels else answers[:, 0], target[rows].to(self.device))
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                schedule.step()
        self.network.eval()

    def _batch(self, X):
        return (X.to(self.device).float() / 255 - 0.5).reshape(-1, 3, 32, 32)

    def _answers(self, X):
        with ONE_AT_A_TIME, torch.no_grad():
            parts = [self.network(self._batch(part)) for part in torch.from_numpy(X).split(512)]
            return torch.cat(parts).cpu()

    def predict_proba(self, X):
        return self._answers(X).softmax(dim=1).numpy()

    def predict(self, X):
        return self._answers(X)[:, 0].numpy() * self.spread + self.middle
'''

PIXELS = '''
def to_pixels(train, test, files):
    """Every row's first picture, 32 by 32 in three colours, as one row of bytes; black where a row has none."""
    matched = files_of_rows(train, files, False) + files_of_rows(test, files, True)
    return np.stack(Parallel(n_jobs=THREADS, prefer="threads")(delayed(small_picture)(paths) for paths in matched))


def small_picture(paths):
    """The bytes of one picture, colours apart."""
    for path in paths[:1]:
        try:
            with Image.open(path) as image:
                image.draft("RGB", (64, 64))
                return np.asarray(image.convert("RGB").resize((32, 32))).transpose(2, 0, 1).ravel()
        except OSError as error:
            print(f"{path.name} can't be read: {str(error)[:80]}")
    return np.zeros(3 * 32 * 32, dtype=np.uint8)
'''


def pictures(data: DataFacts) -> bool:
    """Are there enough pictures?"""
    return sum(data.files.get(suffix, 0) for suffix in _PICTURES) >= _FEWEST


def _start(task: Task, rows: int | None) -> Settings:
    return {"epochs": by_size(rows, 30, 15, 8), "width": by_size(rows, 16, 32, 48), "learning_rate": 0.003}


def _build(labels: bool) -> Construction:
    imports = ("import threading", "import torch", "from torch import nn")
    return Construction(f"SmallNetwork(seed, {labels}, **settings)", imports, code=NETWORK_CODE)


NETWORK = Family(
    name="small_network",
    title="a small convolutional network",
    library="torch",
    table="pixels",
    words=("convolutional", "cnn", "resnet", "efficientnet"),
    build={"classification": _build(True), "regression": _build(False)},
    start=_start,
    tunings=(
        Tuning("epochs", (8, 15, 30, 60), "the number of epochs"),
        Tuning("width", (16, 24, 32, 48, 64), "the number of channels"),
        Tuning("learning_rate", (0.001, 0.003, 0.01), "the learning rate"),
    ),
    fits=pictures,
)

FAMILIES = (NETWORK,)
