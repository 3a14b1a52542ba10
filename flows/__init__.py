"""What should happen: the YAML files that admins edit, and the pure engine that runs them. Knows no other package."""
