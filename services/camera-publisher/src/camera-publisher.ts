import { aborted, type Service, type ServiceContext, ServiceFailure } from "@beckon/runtime";
import { CameraLoop } from "./camera-loop.ts";
import { type Camera, CameraPublisherConfig, type ChosenCamera } from "./config.ts";
import { FramePublisher } from "./frame-publisher.ts";
import { chooseSource } from "./sources/auto.ts";

/** Frames of cameras, files or a drawn hand onto the bus. */
export const cameraPublisher: Service<CameraPublisherConfig> = {
  kind: "camera-publisher",
  config: CameraPublisherConfig,
  run,
};

async function run(context: ServiceContext<CameraPublisherConfig>): Promise<void> {
  const cameras = Object.entries(context.config.cameras);
  if (cameras.length === 0)
    throw new ServiceFailure("camera-publisher has no camera: name one, such as `cameras: { desk: { source: auto } }`");
  // One camera that cannot work here ends the service, and with it the others, in order.
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  const loops = new Map<string, CameraLoop>();
  for (const [name, camera] of cameras) loops.set(name, await startCamera(name, camera, signal, context));
  context.onChange(({ cameras: changed }) => {
    for (const [name, camera] of Object.entries(changed)) {
      const loop = loops.get(name);
      loop?.change(changedCamera(loop.live(), camera));
    }
  });
  context.stats.fact(
    "sources",
    [...loops]
      .map(([name, { live }]) => `${name}: ${live().source}`)
      .join(", ")
      .slice(0, 200),
  );
  const running = [...loops.values()].map((loop) => loop.run());
  context.ready();
  try {
    await Promise.all(running);
    await aborted(signal);
  } finally {
    stopping.abort();
    await Promise.allSettled(running);
  }
}

async function startCamera(
  name: string,
  camera: Camera,
  signal: AbortSignal,
  context: ServiceContext<CameraPublisherConfig>,
): Promise<CameraLoop> {
  const { log, stats, bus, topics, boot, config } = context;
  const chosen = await chosenCamera(name, camera, context);
  const loop: CameraLoop = new CameraLoop({
    name,
    camera: chosen,
    signal,
    log,
    offer: (frame) => publisher.offer(frame),
    restarted: () => stats.part(name).count("restarts"),
  });
  const publisher = new FramePublisher({
    bus,
    topics,
    boot,
    log,
    stats,
    name,
    live: loop.live,
    snapshots: config.snapshots,
  });
  return loop;
}

/**
 * `auto` is decided once: a camera that is unplugged must not be replaced by a drawn hand, whose gestures would switch
 * relays.
 */
async function chosenCamera(
  name: string,
  camera: Camera,
  { log }: Pick<ServiceContext<unknown>, "log">,
): Promise<ChosenCamera> {
  if (camera.source !== "auto") {
    const signed = camera.source === "synthetic" ? `, a drawn hand that signs ${JSON.stringify(camera.text)}` : "";
    log.info(`${name}: ${camera.source}${signed}`);
    return camera;
  }
  const { camera: chosen, why } = await chooseSource(camera);
  log.info(`${name}: ${why}`);
  return chosen;
}

/** The chosen camera with what `/set` may have changed. */
export function changedCamera(chosen: ChosenCamera, { fps, roi, mirror, rotation, ...rest }: Camera): ChosenCamera {
  const changed = { ...chosen, fps, roi, mirror, rotation };
  return changed.source === "synthetic" && "text" in rest ? { ...changed, text: rest.text } : changed;
}
