"""Made-up patients: each disease has signs of its own, more often there than with the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SIGNS = (
    "sudden_fever headache mouth_bleed nose_bleed muscle_pain joint_pain vomiting rash diarrhea hypotension "
    "pleural_effusion ascites gastro_bleeding swelling nausea chills myalgia digestion_trouble fatigue "
    "skin_lesions stomach_pain orbital_pain neck_pain weakness back_pain weight_loss gum_bleed jaundice coma "
    "diziness inflammation red_eyes loss_of_appetite urination_loss slow_heart_rate abdominal_pain "
    "light_sensitivity yellow_skin yellow_eyes facial_distortion microcephaly rigor bitter_tongue convulsion "
    "anemia cocacola_urine hypoglycemia prostraction hyperpyrexia stiff_neck irritability confusion tremor "
    "paralysis lymph_swells breathing_restriction toe_inflammation finger_inflammation lips_irritation itchiness "
    "ulcers toenail_loss speech_problem bullseye_rash"
)
DISEASES = (
    "Chikungunya Dengue Japanese_encephalitis Lyme_disease Malaria Plague Rift_Valley_fever Tungiasis "
    "West_Nile_fever Yellow_Fever Zika"
)


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.csv: twenty patients a disease."""
    names, diseases = SIGNS.split(), DISEASES.split()
    usual = rng.random((len(diseases), len(names))) * 0.9
    disease = rng.permutation(np.arange(20 * len(diseases)) % len(diseases))
    signs = (rng.random((len(disease), len(names))) < usual[disease]).astype(float)
    table = pd.DataFrame(signs, columns=names)
    table.insert(0, "id", np.arange(len(table)))
    table["prognosis"] = np.array(diseases)[disease]
    table.to_csv(folder / "train.csv", index=False)
