"""`smib-lab image`: a firmware image that virtual SMIBs can install."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from simulator.device.image import firmware_image
from simulator.errors import ImageError

LARGEST = 64 * 1024 * 1024

DESCRIPTION = """\
Make a firmware image for virtual SMIBs: a line that says its name, version, size and checksum, and as many
bytes. Put it where a device's otaURL points, and order it with {"typ":"ota_ud","bin":"FILE"}."""

EXAMPLES = """\
examples:
  smib-lab image --version 1.1.0 --out wifi.bin
  smib-lab image --version 1.2.0 --size 2000000 --out big.bin
  smib-lab image --version 1.3.0 --crash --out bad.bin      a build that does not start: it is rolled back

then, next to the files:
  python3 -m http.server 8000            with otaURL http://127.0.0.1:8000/"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options and the help text of the command."""
    parser.description = DESCRIPTION
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--name", default="smib", metavar="NAME", help="the firmware that it is for (default smib)"
    )
    parser.add_argument("--version", required=True, metavar="VERSION", help="its version")
    parser.add_argument(
        "--size", type=_size, default=65_536, metavar="N", help="bytes of payload (default 65536)"
    )
    parser.add_argument("--crash", action="store_true", help="a build that does not start")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write")


def run(args: argparse.Namespace) -> int:
    """Write the image; ImageError with a sentence if it can't be."""
    image = firmware_image(args.name, args.version, args.size, starts=not args.crash)
    try:
        args.out.write_bytes(image)
    except OSError as exc:
        raise ImageError(
            f"--out {args.out}: a file that can be written was wanted ({exc.strerror})."
        ) from exc
    sys.stdout.write(f"{args.out}: {args.name} {args.version}, {len(image)} bytes\n")
    return 0


def _size(text: str) -> int:
    size = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else -1
    if not 0 <= size <= LARGEST:
        raise argparse.ArgumentTypeError(f"a whole number from 0 to {LARGEST} was wanted, not {text[:40]!r}")
    return size
