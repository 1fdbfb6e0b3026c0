"""`podium view`: a group's runs, their search trees and every node, in a browser, live or as files to publish."""
