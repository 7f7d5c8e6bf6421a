import { describe, expect, it } from "vitest";
import { BundleError } from "../bundle-error.ts";
import { type Candidate, fastest, softwareGpuReason } from "./auto.ts";
import { EngineUnavailable } from "./engine.ts";

/** A clock that only moves while an engine of the test "computes", and a list of what was closed. */
class Bench {
  readonly closed: string[] = [];
  private time = 0;
  readonly now = () => this.time;

  candidate(name: string, ms: (run: number) => number): Candidate {
    let runs = 0;
    return {
      name,
      open: async () => ({
        name,
        run: async () => {
          this.time += ms(runs++);
          return new Float32Array();
        },
        close: async () => {
          this.closed.push(name);
        },
      }),
    };
  }
}

function missing(name: string): Candidate {
  return { name, open: () => Promise.reject(new EngineUnavailable(name, "not here")) };
}

describe("choosing an engine", () => {
  it("takes the fastest, says the time of each, and closes the others", async () => {
    const bench = new Bench();
    const all = [
      bench.candidate("slow", () => 9),
      bench.candidate("fast", () => 2),
      bench.candidate("middle", () => 5),
    ];
    const { engine, tried } = await fastest(all, 4, bench.now);
    expect(engine.name).toBe("fast");
    expect(tried).toEqual([
      { name: "slow", ms: 9 },
      { name: "fast", ms: 2 },
      { name: "middle", ms: 5 },
    ]);
    expect(bench.closed.sort()).toEqual(["middle", "slow"]);
  });

  it("goes by the median of warm runs: neither a slow start nor an outlier counts", async () => {
    const bench = new Bench();
    const warmsUp = bench.candidate("warms-up", (run) => (run === 0 || run === 5 ? 500 : 3));
    const { engine, tried } = await fastest([bench.candidate("steady", () => 4), warmsUp], 4, bench.now);
    expect(engine.name).toBe("warms-up");
    expect(tried[1]).toEqual({ name: "warms-up", ms: 3 });
  });

  it("stays with the earlier of two that are equally fast", async () => {
    const bench = new Bench();
    const { engine } = await fastest(
      [bench.candidate("first", () => 2), bench.candidate("second", () => 2)],
      4,
      bench.now,
    );
    expect(engine.name).toBe("first");
    expect(bench.closed).toEqual(["second"]);
  });

  it("passes over what cannot be had or fails while running, and says why", async () => {
    const bench = new Bench();
    const broken = bench.candidate("broken", () => {
      throw new Error("device lost");
    });
    const { engine, tried } = await fastest([bench.candidate("cpu", () => 3), missing("gpu"), broken], 4, bench.now);
    expect(engine.name).toBe("cpu");
    expect(tried.slice(1)).toEqual([
      { name: "gpu", refused: "engine gpu: not here" },
      { name: "broken", refused: "device lost" },
    ]);
    expect(bench.closed).toEqual(["broken"]);
  });

  it("blames the model when the first engine does", async () => {
    const bench = new Bench();
    const bad = { name: "cpu", open: () => Promise.reject(new BundleError("model.onnx: damaged")) };
    await expect(fastest([bad, bench.candidate("other", () => 1)], 4, bench.now)).rejects.toThrow(
      "model.onnx: damaged",
    );
  });

  it("says why when none can be had", async () => {
    await expect(fastest([missing("a"), missing("b")], 4)).rejects.toThrow(
      "a: engine a: not here; b: engine b: not here",
    );
  });
});

describe("telling a software adapter", () => {
  it("takes Linux without a graphics device for one", () => {
    expect(softwareGpuReason("linux", {}, () => [])).toMatch(/no graphics device/);
    expect(softwareGpuReason("linux", {}, () => ["renderD128"])).toBeUndefined();
    expect(softwareGpuReason("darwin", {}, () => [])).toBeUndefined();
  });

  it("knows the drivers that draw on the CPU", () => {
    const driver = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";
    expect(softwareGpuReason("linux", { VK_DRIVER_FILES: driver }, () => ["renderD128"])).toBe(
      `${driver} is a software adapter`,
    );
  });
});
