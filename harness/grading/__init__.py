"""What a submission is worth: reading it as untrusted input, scoring it, placing it among people."""
