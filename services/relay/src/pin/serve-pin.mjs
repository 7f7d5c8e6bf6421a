// A pin's own process: as plain as can be, for it is what switches off when everything else hangs.

// Nobody listens any more: the end of stdin says so too, and what it leads to matters more.
process.stdout.on("error", () => {});

/**
 * Serves one pin to the process at the other end of stdin. A line `1 17` or `0 18` is at once a heartbeat and what the
 * pin shall be; it is answered with its number. When the lines stop, or the pipe closes, or a signal comes, the pin goes
 * off and the process ends.
 *
 * @param {{ write(on: boolean): void | Promise<void>, release(): void | Promise<void> }} pin off already; `release`
 * switches off for good
 * @param {number} deadline ms without a line after which it is late
 */
export function servePin(pin, deadline) {
  let on = false;
  let buffer = "";
  /** @type {Promise<void>} */
  let work = Promise.resolve();
  let ending = false;

  /** @param {number} code */
  const end = (code) => {
    if (ending) return;
    ending = true;
    clearTimeout(late);
    // What hangs in the driver must not keep the process: its end lets go of the line.
    setTimeout(() => process.exit(code), 1000);
    work = work
      .catch(() => {})
      .then(() => pin.release())
      .catch(() => {})
      .then(() => process.exit(code));
  };
  let late = setTimeout(end, deadline, 3);

  /** @param {string} line */
  const obey = async (line) => {
    const [level, number] = line.split(" ");
    const wanted = level === "1";
    if (ending) return;
    if (wanted !== on) await pin.write(wanted);
    on = wanted;
    process.stdout.write(`${number}\n`);
  };

  process.stdin.setEncoding("latin1");
  process.stdin.on("data", (chunk) => {
    if (ending) return;
    clearTimeout(late);
    late = setTimeout(end, deadline, 3);
    const lines = (buffer + chunk).split("\n");
    buffer = lines.pop() ?? "";
    for (const line of lines)
      work = work
        .then(() => obey(line))
        .catch((error) => {
          tell(error);
          end(1);
        });
  });
  for (const event of ["end", "close", "error"]) process.stdin.on(event, () => end(0));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => end(0));
  process.stdout.write("ready\n");
  return { end };
}

/**
 * Says in one line why the pin does not work.
 *
 * @param {unknown} error
 */
export function tell(error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stdout.write(`error ${message.split("\n")[0]}\n`);
}
