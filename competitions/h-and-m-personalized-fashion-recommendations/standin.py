"""A shop whose customers stay with a few kinds of garments each."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

CUSTOMERS, KINDS, ARTICLES_EACH, DAYS, PICTURED = 60, 10, 8, 40, 20


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the four tables and pictures of some articles."""
    codes = np.sort(rng.choice(np.arange(108_775, 990_000), KINDS, replace=False))
    articles = [f"0{code}{number + 1:03d}" for code in codes for number in range(ARTICLES_EACH)]
    garments = {
        "product_code": [article[:7] for article in articles],
        "prod_name": "Garment",
        "colour_group_name": "Black",
    }
    pd.DataFrame({"article_id": articles, **garments}).to_csv(folder / "articles.csv", index=False)
    customers = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(CUSTOMERS)]
    people = {"FN": 1.0, "Active": 1.0, "club_member_status": "ACTIVE", "fashion_news_frequency": "NONE"}
    ages = rng.integers(18, 80, CUSTOMERS)
    pd.DataFrame({"customer_id": customers, **people, "age": ages}).to_csv(folder / "customers.csv", index=False)
    rows = []
    for day in range(DAYS):
        date = str(pd.Timestamp("2020-08-14") + pd.Timedelta(days=day))[:10]
        for customer in np.sort(rng.choice(CUSTOMERS, 8, replace=False)):
            kind = (customer + rng.choice([0, 0, 0, 1])) % KINDS
            for number in rng.integers(0, ARTICLES_EACH, rng.integers(1, 4)):
                price, channel = float(rng.integers(50, 900)) / 59 / 50, int(rng.integers(1, 3))
                rows.append((date, customers[customer], articles[kind * ARTICLES_EACH + number], price, channel))
    columns = ["t_dat", "customer_id", "article_id", "price", "sales_channel_id"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "transactions_train.csv", index=False)
    popular = " ".join(articles[:12])
    sample = pd.DataFrame({"customer_id": customers, "prediction": popular})
    sample.to_csv(folder / "sample_submission.csv", index=False)
    for number, article in enumerate(articles[:PICTURED]):
        path = folder / "images" / article[:3] / f"{article}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (12 * number, 90, 90)).save(path)
