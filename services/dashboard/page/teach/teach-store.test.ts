import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { z } from "zod";
import { LONGEST_RECORDING_MS, type Recording, type TeachState, type Training } from "../../src/teach/teach-api.ts";
import { type Api, ApiRefusal } from "../bus/api.ts";
import { fakeBus } from "../bus/testing/fake-bus.ts";
import { createServices } from "../live/services.ts";
import { TeachStore } from "./teach-store.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const aRecording = (gesture: string, id = `r-${gesture}`, pictures = 3): Recording => ({
  id,
  gesture,
  camera: "desk",
  startedAt: 1,
  pictures: Array.from({ length: pictures }, (_, index) => `${index}.jpg`),
});
const aTraining = (phase: Training["phase"], startedAt: number, more: Partial<Training> = {}): Training => ({
  phase,
  progress: 0.5,
  startedAt,
  ...more,
});

/** The service behind the page: it answers what the test says, and every answer passes the page's schema. */
class FakeService implements Pick<Api, "ask"> {
  state: TeachState = { recordings: [], models: [], wanted: [], folders: { samples: "/s", models: "/m" } };
  readonly asked: string[] = [];
  readonly bodies: unknown[] = [];
  /** By method and path: what is answered, or thrown. */
  readonly answers = new Map<string, () => unknown>();

  async ask<T>(method: string, path: string, answer: z.ZodType<T>, body?: unknown): Promise<T> {
    const question = `${method} ${path}`;
    this.asked.push(question);
    if (body) this.bodies.push(body);
    const said = this.answers.get(question)?.() ?? (question === "GET teach" ? this.state : {});
    return answer.parse(JSON.parse(JSON.stringify(await said)));
  }

  count(question: string): number {
    return this.asked.filter((one) => one === question).length;
  }
}

function refusing(status: number, text: string): () => never {
  return () => {
    throw new ApiRefusal(text, status);
  };
}

function setUp() {
  const bus = fakeBus();
  const service = new FakeService();
  const store = new TeachStore({ bus, api: service, services: createServices(bus) });
  const classifier = (models: unknown, id = "main"): void => {
    bus.say(bus.topics.status({ kind: "classifier", id }), { state: "online", boot: "mg2k1x0z-a9f3" });
    bus.say(bus.topics.serviceConfig({ kind: "classifier", id }), { models } as never);
  };
  const told = (id = "main"): unknown[] => bus.heardAt(`beckon/service/classifier/${id}/set`);
  return { bus, service, store, classifier, told };
}

describe("the gestures", () => {
  it("are those that were recorded, those that were named, and others, always and last", async () => {
    const { store, service } = setUp();
    service.state.recordings = [aRecording("others"), aRecording("fist"), aRecording("fist", "later", 4)];
    await store.refresh();
    expect(store.addGesture("  thumb   up ")).toBeUndefined();
    expect(store.gestures.value.map(({ name, pictures, recordings }) => [name, pictures, recordings.length])).toEqual([
      ["fist", 7, 2],
      ["thumb up", 0, 0],
      ["others", 3, 1],
    ]);
    expect(store.gestures.value[0]?.recordings[0]?.id).toBe("later");
  });

  it.each(["", "   ", "../x", "a/b", "<img src=x>", "-a", "a".repeat(33), "CON", "unknown", "a\u202eb", "#", "+"])(
    "cannot be called %j, and the reason is said",
    (name) => {
      const { store } = setUp();
      expect(store.addGesture(name)).toMatch(/./);
      expect(store.gestures.value.map((gesture) => gesture.name)).toEqual(["others"]);
    },
  );

  it("cannot be there twice, in whatever case or spelling", () => {
    const { store } = setUp();
    store.addGesture("Fist");
    expect([store.addGesture("fist"), store.addGesture("\ufb01st"), store.addGesture("OTHERS")]).toEqual([
      expect.stringContaining("Fist"),
      expect.stringContaining("Fist"),
      expect.stringContaining("others"),
    ]);
  });

  it("are thrown out by a path that nothing typed can leave", async () => {
    const { store, service } = setUp();
    service.state.recordings = [aRecording("a/../b?c", "r1")];
    await store.refresh();
    await store.removeGesture("a/../b?c");
    await store.removeRecording(aRecording("ö &x", "r1"));
    await store.removePicture(aRecording("fist", "r1"), "0.jpg");
    expect(service.asked.filter((one) => one.startsWith("DELETE"))).toEqual([
      "DELETE teach/gestures/a%2F..%2Fb%3Fc",
      "DELETE teach/recordings/r1?gesture=%C3%B6%20%26x",
      "DELETE teach/recordings/r1/0.jpg",
    ]);
  });
});

describe("a recording", () => {
  const begun = () => {
    const all = setUp();
    all.service.answers.set("POST teach/recordings", () => ({ id: "r1" }));
    all.store.record("fist", "desk");
    return all;
  };

  it("goes on until the hand lets go", async () => {
    const { store, service } = begun();
    await vi.advanceTimersByTimeAsync(3000);
    expect(store.recording.value?.gesture).toBe("fist");
    expect(service.bodies).toEqual([{ gesture: "fist", camera: "desk" }]);
    expect(service.count("GET teach"), "it is looked at often").toBeGreaterThan(4);
    await store.endRecording();
    await store.endRecording();
    expect([store.recording.value, service.count("DELETE teach/recordings/running")]).toEqual([undefined, 1]);
  });

  it("ends also when the hand lets go before it has begun", async () => {
    const { store, service } = begun();
    await store.endRecording();
    expect(service.asked.filter((one) => !one.startsWith("GET"))).toEqual([
      "POST teach/recordings",
      "DELETE teach/recordings/running",
    ]);
    expect(store.recording.value).toBeUndefined();
  });

  it("ends after 20 seconds", async () => {
    const { store, service } = begun();
    await vi.advanceTimersByTimeAsync(LONGEST_RECORDING_MS + 100);
    expect([store.recording.value, service.count("DELETE teach/recordings/running")]).toEqual([undefined, 1]);
  });

  it("that the service ended by itself is over here too, with the reason", async () => {
    const { store, service } = begun();
    await vi.advanceTimersByTimeAsync(100);
    service.state.ended = { id: "r1", gesture: "fist", pictures: 0, skipped: 0, error: "desk sends no pictures" };
    await vi.advanceTimersByTimeAsync(1000);
    expect([store.recording.value, store.troubles.value.record]).toEqual([undefined, "desk sends no pictures"]);
  });

  it.each([
    ["a full disk", "POST teach/recordings", 507, "/s: the disk is full"],
    ["another one under way", "POST teach/recordings", 409, "another recording is under way"],
    ["a disk that fills up", "DELETE teach/recordings/running", 507, "/s: the disk is full"],
  ])("refused for %s is over, and why is said there", async (_, question, status, text) => {
    const { store, service } = setUp();
    service.answers.set("POST teach/recordings", () => ({ id: "r1" }));
    service.answers.set(question, refusing(status, text));
    store.record("fist", "desk");
    await store.endRecording();
    await vi.advanceTimersByTimeAsync(0);
    expect([store.recording.value, store.troubles.value]).toEqual([undefined, { record: text }]);
  });
});

describe("what goes wrong", () => {
  it("is said in words also when nobody answers, or may not, and taken back when it is over", async () => {
    const { store, service } = setUp();
    service.answers.set("GET teach", refusing(0, "Failed to fetch"));
    await store.refresh();
    expect(store.troubles.value.state).toMatch(/does not answer/);
    service.answers.set("GET teach", refusing(401, "no session"));
    await store.refresh();
    expect(store.troubles.value.state).toMatch(/role admin/);
    service.answers.set("GET teach", () => ({ recordings: "?" }));
    await store.refresh();
    expect(store.troubles.value.state).toMatch(/Reload/);
    service.answers.delete("GET teach");
    await store.refresh();
    expect(store.troubles.value).toEqual({});
  });

  it("is tried again by itself while somebody looks, and not longer", async () => {
    const { store, service } = setUp();
    const close = store.open();
    await vi.advanceTimersByTimeAsync(60_000);
    const looked = service.count("GET teach");
    expect(looked).toBeGreaterThan(8);
    close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(service.count("GET teach")).toBeLessThanOrEqual(looked + 1);
  });
});

describe("a training", () => {
  it("that succeeds is used at once, beside what the classifier serves", async () => {
    const { store, service, classifier, told } = setUp();
    classifier(["letters"]);
    service.state.training = aTraining("done", 1, { folder: "taught-1" });
    await store.refresh();
    service.answers.set("POST teach/training", () => {
      service.state.training = aTraining("starting", 2);
      return {};
    });
    await store.train();
    await vi.advanceTimersByTimeAsync(2000);
    expect(told()).toEqual([]);
    service.state.training = aTraining("done", 2, { folder: "taught-2" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(told()).toEqual([{ models: { letters: {}, taught: { folder: "taught-2" } } }]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(told().length, "and once").toBe(1);
  });

  it("that was over before anybody looked is used too, and an old one is not", async () => {
    const { store, service, classifier, told } = setUp();
    classifier(["letters"]);
    service.state.training = aTraining("done", 1, { folder: "taught-1" });
    const close = store.open();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told()).toEqual([]);
    service.answers.set("POST teach/training", () => {
      service.state.training = aTraining("done", 2, { folder: "taught-2" });
      return {};
    });
    await store.train();
    expect(told().length).toBe(1);
    close();
  });

  it.each([aTraining("failed", 2, { error: "only one class" }), aTraining("stopped", 2)])(
    "that is $phase changes nothing",
    async (training) => {
      const { store, service, classifier, told } = setUp();
      classifier(["letters"]);
      service.answers.set("POST teach/training", () => {
        service.state.training = training;
        return {};
      });
      await store.train();
      expect(told()).toEqual([]);
      expect(store.state.value?.training).toEqual(training);
    },
  );

  it("is stopped by one click", async () => {
    const { store, service } = setUp();
    service.state.training = aTraining("training", 1);
    await store.refresh();
    service.answers.set("DELETE teach/training", () => {
      service.state.training = aTraining("stopped", 1);
      return {};
    });
    await store.stopTraining();
    expect(store.state.value?.training?.phase).toBe("stopped");
  });

  it("that is refused says why beside its button", async () => {
    const { store, service } = setUp();
    service.answers.set("POST teach/training", refusing(409, "record others, twice"));
    await store.train();
    expect(store.troubles.value).toEqual({ train: "record others, twice" });
  });
});

describe("a model that is to be used", () => {
  it("is awaited until every classifier that is online says so", async () => {
    const { store, classifier } = setUp();
    classifier({ letters: {} });
    classifier(["hand"], "gpu");
    await store.use("taught-3");
    expect(store.awaited.value).toBe("taught-3");
    classifier({ letters: {}, taught: { folder: "taught-3" } });
    expect(store.awaited.value).toBe("taught-3");
    classifier({ hand: {}, taught: { folder: "taught-3" } }, "gpu");
    expect(store.awaited.value).toBeUndefined();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(store.troubles.value).toEqual({});
    expect(store.inUse.value).toEqual([
      { id: "main", folder: "taught-3" },
      { id: "gpu", folder: "taught-3" },
    ]);
  });

  it("that is not taken within 10 seconds is said not to be, with the folder to copy", async () => {
    const { store, service, classifier } = setUp();
    service.state.folders.models = "/home/models";
    await store.refresh();
    classifier(["letters"]);
    await store.use("taught-3");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.awaited.value).toBeUndefined();
    expect(store.troubles.value.use).toMatch(/\/home\/models\/taught-3/);
    classifier({ letters: {}, taught: { folder: "taught-3" } });
    expect(store.troubles.value.use).toBeUndefined();
  });

  it("that is in use already is not awaited", async () => {
    const { store, classifier } = setUp();
    classifier({ taught: { folder: "taught-3" } });
    await store.use("taught-3");
    await vi.advanceTimersByTimeAsync(20_000);
    expect([store.awaited.value, store.troubles.value.use]).toEqual([undefined, undefined]);
  });

  it("needs a classifier, and leave to say so", async () => {
    const { store, bus, classifier } = setUp();
    await store.use("taught-1");
    expect(store.troubles.value.use).toMatch(/No classifier/);
    classifier(["letters"]);
    bus.deaf = true;
    await store.use("taught-1");
    expect([store.awaited.value, store.troubles.value.use]).toEqual([undefined, expect.stringMatching(/not sent/)]);
  });

  it("may be none, and the others stay", async () => {
    const { store, classifier, told } = setUp();
    classifier({ letters: {}, taught: { folder: "taught-3" } });
    await store.use(undefined);
    expect(told()).toEqual([{ models: { taught: null } }]);
    classifier({ letters: {} });
    expect(store.awaited.value).toBeUndefined();
  });

  it("is not asked of a classifier that is away", async () => {
    const bus = fakeBus();
    const services = signal([
      { kind: "classifier" as const, id: "old", online: false, config: { models: ["letters"] } },
    ]);
    const store = new TeachStore({ bus, api: new FakeService(), services });
    await store.use("taught-1");
    expect([store.inUse.value, store.troubles.value.use]).toEqual([[], expect.stringMatching(/No classifier/)]);
  });
});
