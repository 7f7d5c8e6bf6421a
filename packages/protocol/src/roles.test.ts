import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Grant, mayPublish, maySubscribe, ROLES } from "./roles.ts";
import { matches } from "./testing/mqtt-matcher.ts";

const camera: Grant = { role: "camera", cameras: ["desk"] };
const anyCamera: Grant = { role: "camera" };
const service: Grant = { role: "service" };
const viewer: Grant = { role: "viewer" };
const admin: Grant = { role: "admin", cameras: ["phone"] };
const GRANTS = [camera, anyCamera, service, viewer, admin];

const aLevel = fc.constantFrom(
  ...["desk", "phone", "frame", "result", "letters", "relay", "lamp", "set", "service", "camera-publisher", "status"],
  ...["stats", "config", "$SYS", "$share", "home", "beckon", "", "Desk", "+", "#", "a+", "#b"],
);
const aTopic = fc
  .array(aLevel, { minLength: 1, maxLength: 6 })
  .chain((levels) => fc.constantFrom(levels.join("/"), ["beckon", ...levels].join("/")));
const aPath = aTopic.filter((topic) => topic !== "" && !/[+#]/.test(topic));

describe("mayPublish", () => {
  it.each<[string, Grant, string, boolean]>([
    ["a camera its frames", camera, "beckon/desk/frame", true],
    ["a camera its snapshots", camera, "beckon/desk/snapshot", true],
    ["a camera the frames of another", camera, "beckon/door/frame", false],
    ["a camera without a list any frames", anyCamera, "beckon/door/frame", true],
    ["a camera with an empty list no frames", { role: "camera", cameras: [] }, "beckon/desk/frame", false],
    ["a camera the status of its service", camera, "beckon/service/camera-publisher/pi/status", true],
    ["a camera the status of another kind", camera, "beckon/service/relay/pi/status", false],
    ["a camera a command to itself", camera, "beckon/service/camera-publisher/pi/set", false],
    ["a camera a result", camera, "beckon/desk/result/letters", false],
    ["a camera a gesture", camera, "beckon/desk/gesture/letters", false],
    ["a camera a command to a relay", camera, "beckon/relay/lamp/set", false],
    ["a camera anything elsewhere", camera, "cmnd/plug/POWER", false],
    ["a camera what is listed but no name", { role: "camera", cameras: ["relay"] }, "beckon/relay/frame", false],
    ["a service a result", service, "beckon/desk/result/letters", true],
    ["a service the status of a relay", service, "beckon/service/relay/pi/status", true],
    ["a service a command to a plug", service, "cmnd/plug/POWER", true],
    ["a service a command to a Zigbee device", service, "zigbee2mqtt/lamp/set", true],
    ["a service what looks like the prefix", service, "beckon2/anything", true],
    ["a service what no topic of ours looks like", service, "beckon/desk/frames", false],
    ["a service the prefix itself", service, "beckon", false],
    ["a service a topic of the broker", service, "$SYS/broker/uptime", false],
    ["a service a shared topic, which is none", service, "$share/pool/beckon/desk/frame", false],
    ["a service to a wildcard", service, "cmnd/+/POWER", false],
    ["a service to no topic", service, "", false],
    ["a service to U+0000", service, "cmnd/\0", false],
    ["a viewer a frame", viewer, "beckon/desk/frame", false],
    ["a viewer a command", viewer, "beckon/relay/lamp/set", false],
    ["an admin a command to a relay", admin, "beckon/relay/lamp/set", true],
    ["an admin new settings", admin, "beckon/service/classifier/gpu/set", true],
    ["an admin the frames of its browser", admin, "beckon/phone/frame", true],
    ["an admin the frames of a camera", admin, "beckon/desk/frame", false],
    ["an admin the state of a relay", admin, "beckon/relay/lamp/state", false],
    ["an admin a command to a plug", admin, "cmnd/plug/POWER", false],
  ])("decides on %s", (_, grant, path, allowed) => {
    expect(mayPublish(grant, "beckon", path)).toBe(allowed);
  });

  it("lets nobody but a service and an admin switch a relay, and nobody pose as the broker", () => {
    fc.assert(
      fc.property(fc.constantFrom(...GRANTS), aTopic, (grant, path) => {
        if (!mayPublish(grant, "beckon", path)) return;
        expect(path).not.toMatch(/^\$|[+#]/);
        expect(grant.role).not.toBe("viewer");
        if (grant.role === "camera") expect(path).toMatch(/^beckon\/([^/]+\/frame|service\/camera-publisher\/)/);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("maySubscribe", () => {
  it.each<[string, Grant, string, boolean]>([
    ["a viewer to everything of ours", viewer, "beckon/#", true],
    ["a viewer to all frames", viewer, "beckon/+/frame", true],
    ["a viewer to one result", viewer, "beckon/desk/result/letters", true],
    ["a viewer to the prefix itself", viewer, "beckon", true],
    ["a viewer to everything there is", viewer, "#", false],
    ["a viewer to what might be the prefix", viewer, "+/desk/frame", false],
    ["a viewer to what looks like the prefix", viewer, "beckon2/#", false],
    ["a viewer to a plug", viewer, "stat/plug/POWER", false],
    ["a viewer to the broker's own", viewer, "$SYS/#", false],
    ["a viewer to a share of frames", viewer, "$share/pool/beckon/+/frame", true],
    ["a viewer to a share of everything", viewer, "$share/pool/#", false],
    ["a viewer to a share without a group", viewer, "$share//beckon/#", false],
    ["a viewer to a share of a wild group", viewer, "$share/+/beckon/#", false],
    ["a viewer to a share of nothing", viewer, "$share/pool", false],
    ["a viewer to a share of an empty filter", viewer, "$share/pool/", false],
    ["a viewer to a share of a share", viewer, "$share/a/$share/b/beckon/#", false],
    ["an admin to everything of ours", admin, "beckon/#", true],
    ["an admin to the broker's own", admin, "$SYS/#", true],
    ["an admin to one figure of the broker", admin, "$SYS/broker/uptime", true],
    ["an admin to a plug", admin, "stat/plug/POWER", false],
    ["a service to everything there is", service, "#", true],
    ["a service to a Frigate camera", service, "frigate/+/person/snapshot", true],
    ["a service to the broker's own", service, "$SYS/#", false],
    ["a service to another kind of $", service, "$queue/beckon/+/frame", false],
    ["a camera to its settings", camera, "beckon/service/camera-publisher/pi/set", true],
    ["a camera to the settings of its kind", camera, "beckon/service/camera-publisher/+/set", true],
    ["a camera to what is elsewhere called so", camera, "other/service/camera-publisher/pi/set", false],
    ["a camera to the settings of all kinds", camera, "beckon/service/+/pi/set", false],
    ["a camera to all of its service", camera, "beckon/service/camera-publisher/pi/#", false],
    ["a camera to its own frames", camera, "beckon/desk/frame", false],
    ["a camera to a share of frames", camera, "$share/pool/beckon/+/frame", false],
    ["a wildcard that is no level", service, "a+/b", false],
    ["a # that is not the end", service, "a/#/b", false],
    ["no filter", service, "", false],
    ["U+0000", service, "a\0", false],
  ])("decides on %s", (_, grant, filter, allowed) => {
    expect(maySubscribe(grant, "beckon", filter)).toBe(allowed);
  });

  it("grants no filter by which a path arrives that may not be read by itself", () => {
    fc.assert(
      fc.property(fc.constantFrom(...GRANTS), aTopic, aPath, (grant, filter, path) => {
        if (!maySubscribe(grant, "beckon", filter) || !matches(filter, path)) return;
        expect(maySubscribe(grant, "beckon", path)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it("grants a viewer what is under the prefix, and nothing else", () => {
    fc.assert(
      fc.property(aPath, (path) => {
        expect(maySubscribe(viewer, "beckon", path)).toBe(/^(\$share\/[^/]+\/)?beckon(\/|$)/.test(path));
      }),
      { numRuns: 2000 },
    );
  });

  it("judges a shared subscription as its filter", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...GRANTS),
        aTopic.filter((topic) => !topic.startsWith("$")),
        (grant, filter) => {
          expect(maySubscribe(grant, "beckon", `$share/pool/${filter}`)).toBe(maySubscribe(grant, "beckon", filter));
        },
      ),
    );
  });
});

describe("a prefix of several levels", () => {
  it("is the whole prefix", () => {
    const prefix = "home/beckon";
    expect(mayPublish(camera, prefix, "home/beckon/desk/frame")).toBe(true);
    expect(mayPublish(camera, prefix, "beckon/desk/frame")).toBe(false);
    expect(mayPublish(service, prefix, "home/lamp/set")).toBe(true);
    expect(maySubscribe(viewer, prefix, "home/beckon/#")).toBe(true);
    expect(maySubscribe(viewer, prefix, "home/#")).toBe(false);
    expect(maySubscribe(viewer, prefix, "home/+/desk/frame")).toBe(false);
    expect(maySubscribe(camera, prefix, "home/beckon/service/camera-publisher/+/set")).toBe(true);
  });
});

describe("every role", () => {
  it("may be asked for any topic whatever", () => {
    const anyText = fc.string({ unit: "binary", maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...ROLES), anyText, (role, topic) => {
        expect(mayPublish({ role }, "beckon", topic)).toBeTypeOf("boolean");
        expect(maySubscribe({ role }, "beckon", topic)).toBeTypeOf("boolean");
      }),
    );
  });
});
