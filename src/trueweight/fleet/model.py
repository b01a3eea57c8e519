"""The name of the one model that the whole fleet says it serves."""

MODEL = "trueweight-tiny"
