/** Single key presses of a terminal. */
export interface Keys {
  close(): void;
}

const CTRL_C = "\u0003";

/**
 * Calls back for each key, without waiting for a line end. Ctrl-C stays an interrupt. Without a terminal nothing is read.
 *
 * @param handlers by key; `any` for all others
 */
export function onKeys(signal: AbortSignal, handlers: Readonly<Record<string, () => void>>): Keys {
  const { stdin } = process;
  if (!stdin.isTTY) return { close: () => {} };
  const read = (bytes: Buffer): void => {
    for (const key of bytes.toString("utf8")) {
      if (key === CTRL_C) process.kill(process.pid, "SIGINT");
      else (handlers[key.toLowerCase()] ?? handlers["any"])?.();
    }
  };
  const close = (): void => {
    stdin.off("data", read);
    stdin.setRawMode(false);
    stdin.pause();
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on("data", read);
  signal.addEventListener("abort", close, { once: true });
  return { close };
}
