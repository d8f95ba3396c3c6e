"""What watching for idleness costs and how often it is wrong, beside the peers, on one machine in one run."""
