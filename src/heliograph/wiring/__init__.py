"""The composition root: the only place that knows all parts, reads settings and holds a clock."""
