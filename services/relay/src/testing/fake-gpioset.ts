import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const DETECT = `#!/bin/sh
echo 'gpiochip0 [raspberrypi-exp-gpio] (8 lines)'
echo 'gpiochip4 [pinctrl-rp1] (54 lines)'
`;

/** What both versions do once they have read their options: the line keeps its level as long as they run. */
const HOLD = `
file="$dir/line-\${1%=*}"
if [ -e "$dir/holder" ] && kill -0 "$(cat "$dir/holder")" 2>/dev/null; then
  echo "gpioset: unable to request lines: Device or resource busy" >&2; exit 1
fi
[ "$chip" = gpiochip4 ] || { echo "gpioset: cannot find GPIO chip '$chip'" >&2; exit 1; }
printf %s "\${1#*=}" > "$file"
[ "$hold" = 1 ] || exit 0
trap 'printf released > "$file"; rm "$dir/holder"; exit 0' TERM INT
echo $$ > "$dir/holder"
while :; do sleep 60 & wait $!; done
`;

/** The options as 1.6 takes them. */
const V1 = `#!/bin/sh
dir=$(dirname "$0")
[ "$1" = --version ] && { echo "gpioset (libgpiod) v1.6.3"; exit 0; }
case "$1" in
  --mode=signal) hold=1;;
  --mode=exit) hold=0;;
  *) echo "gpioset: invalid mode" >&2; exit 1;;
esac
chip=$2; shift 2
${HOLD}`;

/** The options as 2 takes them. */
const V2 = `#!/bin/sh
dir=$(dirname "$0")
[ "$1" = --version ] && { echo "gpioset (libgpiod) v2.2.1"; exit 0; }
hold=1
while [ $# -gt 1 ]; do
  case "$1" in
    --toggle) [ "$2" = 0 ] && hold=0; shift 2;;
    --chip) chip=$2; shift 2;;
    *) echo "gpioset: unrecognized option '$1'" >&2; exit 1;;
  esac
done
${HOLD}`;

/** Programs that take the place of gpioset and gpiodetect, and hold lines that are plain files. */
export class FakeGpioset {
  /** To be put first into PATH. */
  readonly folder = mkdtempSync(join(tmpdir(), "beckon-gpioset-"));

  constructor(version: 1 | 2) {
    this.#program("gpioset", version === 1 ? V1 : V2);
    this.#program("gpiodetect", DETECT);
  }

  /** `0`, `1` or, when who held it has let go, `released`. */
  line(pin: number): string {
    const file = join(this.folder, `line-${pin}`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Process that holds the line; undefined when none does. */
  get holder(): number | undefined {
    const file = join(this.folder, "holder");
    return existsSync(file) ? Number(readFileSync(file, "utf8")) : undefined;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #program(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
    chmodSync(join(this.folder, name), 0o755);
  }
}
