"""This host: its container engine, its images, its hardware, and what dead runs left on it."""
