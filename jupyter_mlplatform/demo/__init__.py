"""``mlplat demo``: the one story on this machine, with seeded people and data, all of it in one folder."""
