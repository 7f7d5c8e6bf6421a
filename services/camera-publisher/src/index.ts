export { cameraPublisher } from "./camera-publisher.ts";
export { CameraPublisherConfig } from "./config.ts";
export type { CapturedFrame, FrameSource, SourceContext } from "./frame-source.ts";
