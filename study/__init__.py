"""Which search finds more? Real policies and the real loop, on simulated landscapes and with the offline coder."""
