"""`smib-lab identities`: a fleet's cabinets, for a CMS to know them."""

from __future__ import annotations

import argparse
import sys

from simulator.command_line import broker_uri
from simulator.fleet.options import add_plan_options, chosen_plan

DESCRIPTION = """\
Print the cabinets of a fleet as a cabinets file (YAML): ids, relay ids, locations, and the configuration that
the devices leave the factory with. With the same options, `smib-lab fleet` runs exactly these devices.

The file holds the passwords of the simulated networks and brokers, because CMS and devices must agree on
them."""

EXAMPLES = """\
examples:
  smib-lab identities > cabinets.yaml                       the default floor
  smib-lab identities --fleet floor.yaml --seed 7
  smib-lab identities --broker mqtt://192.0.2.7             with that broker as mqttURI
  CMS_CABINETS=cabinets.yaml smib-cms serve                 a CMS that knows them"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    add_plan_options(parser)
    parser.add_argument(
        "--broker", type=broker_uri, metavar="URI", help="the broker that the devices are configured for"
    )


def run(args: argparse.Namespace) -> int:
    """Print the file; FleetPlanError with a sentence if the fleet can't be."""
    from simulator.fleet.identities import cabinets_yaml

    sys.stdout.write(cabinets_yaml(chosen_plan(args), args.broker))
    return 0
