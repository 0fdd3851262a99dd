"""Measured rounds of a deployment to the devices and links of a fleet."""
