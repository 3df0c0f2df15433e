"""Values and rules of sending SMS. Pure: no clock, no randomness, no input or output."""
