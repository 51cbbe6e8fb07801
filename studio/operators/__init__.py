"""What tasks can do beside notebooks and functions. One file an operator; `base` is what all are made of."""
