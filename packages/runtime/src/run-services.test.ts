import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { aborted } from "./aborted.ts";
import { ConfigError } from "./config/config-error.ts";
import { type ProcessEnds, type Runnable, runTogether, runUntilSignal } from "./run-services.ts";
import { ServiceFailure } from "./service.ts";
import { eventually } from "./testing/eventually.ts";

/** Writes down what becomes of it. */
function part(
  name: string,
  order: string[],
  { first = false, failure = undefined as Promise<never> | undefined } = {},
): Runnable {
  return {
    name,
    first,
    run: async ({ signal, ready }) => {
      order.push(`${name} starts`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(`${name} runs`);
      ready();
      try {
        await Promise.race([aborted(signal), failure ?? aborted(signal)]);
      } finally {
        order.push(`${name} ends`);
      }
    },
  };
}

describe("runTogether", () => {
  it("starts the broker first and waits for it, and stops all in the reverse order", async () => {
    const order: string[] = [];
    const stop = new AbortController();
    const together = runTogether(
      [part("a", order), part("broker", order, { first: true }), part("b", order)],
      stop.signal,
    );
    await eventually(() => order.includes("b runs") && order.includes("a runs"));
    expect(order.slice(0, 4)).toEqual(["broker starts", "broker runs", "a starts", "b starts"]);
    stop.abort();
    await together;
    expect(order.slice(-3)).toEqual(["b ends", "a ends", "broker ends"]);
  });

  it("stops the others when one cannot go on, and ends with its line", async () => {
    const order: string[] = [];
    const failure = new Promise<never>((_, reject) => setTimeout(reject, 30, new ServiceFailure("no camera")));
    const together = runTogether([part("a", order), part("b", order, { failure })], new AbortController().signal);
    await expect(together).rejects.toThrow("no camera");
    expect(order.slice(-2)).toEqual(["b ends", "a ends"]);
  });

  it("starts nothing more when the broker cannot", async () => {
    const order: string[] = [];
    const broker: Runnable = {
      name: "broker",
      first: true,
      run: () => Promise.reject(new ServiceFailure("port 1883 is in use")),
    };
    await expect(runTogether([part("a", order), broker], new AbortController().signal)).rejects.toThrow("port 1883");
    expect(order).toEqual([]);
  });

  it("leaves the others running when one ends by itself, and ends when all have", async () => {
    const order: string[] = [];
    const stop = new AbortController();
    const short: Runnable = { name: "short", first: false, run: async () => void order.push("short ended") };
    const together = runTogether([short, part("a", order)], stop.signal);
    await eventually(() => order.includes("a runs"));
    expect(order).not.toContain("a ends");
    stop.abort();
    await together;
    await expect(runTogether([short], new AbortController().signal)).resolves.toBeUndefined();
  });

  it("starts nothing when it was stopped before", async () => {
    const order: string[] = [];
    await runTogether([part("a", order)], AbortSignal.abort());
    expect(order).toEqual([]);
  });
});

class Process extends EventEmitter implements ProcessEnds {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe("runUntilSignal", () => {
  it.each(["SIGINT", "SIGTERM"])("stops at the first %s, and lets go of the signals", async (name) => {
    const process = new Process();
    const running = runUntilSignal(aborted, () => {}, process);
    process.emit(name, name);
    expect(await running).toBe(0);
    expect(process.exits).toEqual([]);
    expect(process.listenerCount(name)).toBe(0);
  });

  it("goes at once at the second", async () => {
    const process = new Process();
    void runUntilSignal(
      () => new Promise(() => {}),
      () => {},
      process,
    );
    process.emit("SIGINT", "SIGINT");
    expect(process.exits).toEqual([]);
    process.emit("SIGTERM", "SIGTERM");
    expect(process.exits).toEqual([143]);
  });

  it.each([
    [new ServiceFailure("no camera"), ["beckon: no camera"]],
    [
      new ConfigError(["beckon.yaml:1: a", "beckon.yaml:2: b"]),
      ["beckon: beckon.yaml:1: a", "beckon: beckon.yaml:2: b"],
    ],
  ])("says the lines of what was expected to fail, and exits with 1", async (failure, expected) => {
    const lines: string[] = [];
    const code = await runUntilSignal(
      () => Promise.reject(failure),
      (line) => lines.push(line),
      new Process(),
    );
    expect(code).toBe(1);
    expect(lines).toEqual(expected);
  });

  it("lets what nobody expected through", async () => {
    await expect(
      runUntilSignal(
        () => Promise.reject(new TypeError("x")),
        () => {},
        new Process(),
      ),
    ).rejects.toThrow(TypeError);
  });
});
