"""Raw data to prepared data: downloading, unpacking, splitting, and how what comes out lies on disk."""
