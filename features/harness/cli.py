"""``smib-conform``: the conformance harness beside pytest. Exit codes as of a run: 0, 1 and 2."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from features.harness.command import NOT_JUDGED, Command
from features.harness.errors import HarnessError
from features.harness.report.command import COMPARE, REPORT
from features.harness.selftest_command import SELFTEST
from features.harness.subject_command import CHECK, TRY

COMMANDS: tuple[Command, ...] = (CHECK, TRY, REPORT, COMPARE, SELFTEST)
"""Every subcommand, in the order of the help."""

DESCRIPTION = """\
The conformance harness of the casino floor, beside pytest: `pytest features` judges a CMS, a SMIB or both and
records the run; this command works with subjects and with records.
"""

EPILOG = """\
smib-conform COMMAND --help explains each of them, with examples.

exit codes: 0 done, or conformant; 1 a must failed; 2 it could not be judged, or the command was used wrongly.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with ``arguments``, by default those of the command line; its exit code."""
    options = _parser().parse_args(arguments)
    command: Command = options.chosen
    try:
        return command.run(options)
    except HarnessError as exc:
        sys.stderr.write(f"smib-conform {command.name}: {exc}\n")
        return NOT_JUDGED
    except BrokenPipeError:  # nobody reads on, as behind `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_JUDGED
    except KeyboardInterrupt:
        sys.stderr.write(f"smib-conform {command.name}: interrupted\n")
        return NOT_JUDGED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smib-conform",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    chosen = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        own = chosen.add_parser(
            command.name,
            help=command.help,
            description=command.description,
            epilog=command.epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        own.set_defaults(chosen=command)
        command.describe(own)
    return parser


if __name__ == "__main__":
    sys.exit(main())
