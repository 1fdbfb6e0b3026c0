"""What a competition is, as its folder states it: the YAML as a model, suites, descriptions. Prepares nothing."""
