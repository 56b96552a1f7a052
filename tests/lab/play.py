"""`lab play`: sends a recording onto a mirror interface, as a switch or a tap would."""


def arguments(parser):
    """Its options."""
    parser.add_argument("name")


def play(args):
    return 0
