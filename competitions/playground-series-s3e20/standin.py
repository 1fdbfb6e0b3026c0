"""Made-up weeks at eight places over three years: 70 satellite columns, emissions that go with place and season."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = {
    "SulphurDioxide": (
        "SO2_column_number_density SO2_column_number_density_amf SO2_slant_column_number_density "
        "cloud_fraction sensor_azimuth_angle sensor_zenith_angle solar_azimuth_angle solar_zenith_angle "
        "SO2_column_number_density_15km"
    ),
    "CarbonMonoxide": (
        "CO_column_number_density H2O_column_number_density cloud_height sensor_altitude "
        "sensor_azimuth_angle sensor_zenith_angle solar_azimuth_angle solar_zenith_angle"
    ),
    "NitrogenDioxide": (
        "NO2_column_number_density tropospheric_NO2_column_number_density "
        "stratospheric_NO2_column_number_density NO2_slant_column_number_density tropopause_pressure "
        "absorbing_aerosol_index cloud_fraction sensor_altitude sensor_azimuth_angle sensor_zenith_angle "
        "solar_azimuth_angle solar_zenith_angle"
    ),
    "Formaldehyde": (
        "tropospheric_HCHO_column_number_density tropospheric_HCHO_column_number_density_amf "
        "HCHO_slant_column_number_density cloud_fraction solar_zenith_angle solar_azimuth_angle "
        "sensor_zenith_angle sensor_azimuth_angle"
    ),
    "UvAerosolIndex": (
        "absorbing_aerosol_index sensor_altitude sensor_azimuth_angle sensor_zenith_angle "
        "solar_azimuth_angle solar_zenith_angle"
    ),
    "Ozone": (
        "O3_column_number_density O3_column_number_density_amf O3_slant_column_number_density "
        "O3_effective_temperature cloud_fraction sensor_azimuth_angle sensor_zenith_angle "
        "solar_azimuth_angle solar_zenith_angle"
    ),
    "UvAerosolLayerHeight": (
        "aerosol_height aerosol_pressure aerosol_optical_depth sensor_zenith_angle sensor_azimuth_angle "
        "solar_azimuth_angle solar_zenith_angle"
    ),
    "Cloud": (
        "cloud_fraction cloud_top_pressure cloud_top_height cloud_base_pressure cloud_base_height "
        "cloud_optical_depth surface_albedo sensor_azimuth_angle sensor_zenith_angle solar_azimuth_angle "
        "solar_zenith_angle"
    ),
}


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write train.csv: eight weeks of each place and year."""
    places = [(-0.51 - 0.3 * number, 29.29 + 0.2 * number) for number in range(8)]
    rows = [(*place, year, week) for place in places for year in (2019, 2020, 2021) for week in range(0, 48, 6)]
    table = pd.DataFrame(rows, columns=["latitude", "longitude", "year", "week_no"]).round(3)
    ids = [f"ID_{lat:.3f}_{lon:.3f}_{year}_{week:02d}" for lat, lon, year, week in rows]
    table.insert(0, "ID_LAT_LON_YEAR_WEEK", ids)
    names = [f"{band}_{name}" for band, columns in COLUMNS.items() for name in columns.split()]
    values = rng.normal(0, 1, (len(table), len(names))).round(6)
    measured = pd.DataFrame(values, columns=names)
    gaps = rng.random(measured.shape) < np.where([name.startswith("UvAerosolLayer") for name in names], 0.99, 0.1)
    table = pd.concat([table, measured.mask(gaps)], axis=1)
    season = 1 + 0.3 * np.sin(2 * np.pi * table["week_no"] / 52)
    table["emission"] = (-table["latitude"] * 80 * season + rng.normal(0, 3, len(table))).clip(lower=0).round(6)
    table.to_csv(folder / "train.csv", index=False)
