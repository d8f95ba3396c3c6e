"""What AWS gives to idleness: the app that this workspace runs in."""
