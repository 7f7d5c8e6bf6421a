import type { Picture } from "./frame-sender.ts";

/** A camera of this device that is open. */
export interface Viewfinder {
  /** For a preview. */
  readonly stream: MediaStream;
  /** Twice is allowed. */
  close(): void;
}

export interface ViewfinderEvents {
  /** For each picture of the camera, as soon as it is there. */
  readonly picture: (picture: Picture) => void;
  /** The device is gone, or the browser took it back. */
  readonly ended: () => void;
}

/** @throws {DOMException} of getUserMedia */
export type OpenViewfinder = (device: string, events: ViewfinderEvents) => Promise<Viewfinder>;

/** Sides of a phone: what stands for "whichever camera looks there". */
export const SIDES = ["user", "environment"] as const;

const WIDTH = 640;
const HEIGHT = 480;
/** That is sent, in pixels; a camera that has no small pictures is made to. */
const LONGEST_SIDE = 1280;
const QUALITY = 0.8;
/** A capture time that is older is a clock's mistake, in ms. */
const OLDEST_MS = 2000;

export const openViewfinder: OpenViewfinder = async (device, { picture, ended }) => {
  const side = SIDES.some((one) => one === device);
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: {
      width: { ideal: WIDTH },
      height: { ideal: HEIGHT },
      frameRate: { ideal: 30 },
      ...(side ? { facingMode: device } : { deviceId: { exact: device } }),
    },
  });
  const stop = (): void => {
    for (const track of stream.getTracks()) track.stop();
  };
  stream.getVideoTracks()[0]?.addEventListener("ended", ended);
  // Not the one of the preview: this goes on when another view is open.
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  try {
    await video.play();
  } catch (error) {
    stop();
    throw error;
  }
  const encoder = jpegEncoder(video);
  const silence = eachPicture(video, (age) => {
    const { videoWidth, videoHeight } = video;
    if (videoWidth === 0 || videoHeight === 0) return;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    picture({ at: Date.now() - age, width, height, encode: () => encoder(width, height) });
  });
  return {
    stream,
    close: () => {
      silence();
      stop();
      video.srcObject = null;
    },
  };
};

/** @param seen is told how old the picture is, in ms; 0 where the browser does not say */
function eachPicture(video: HTMLVideoElement, seen: (age: number) => void): () => void {
  let closed = false;
  if ("requestVideoFrameCallback" in video) {
    const next: VideoFrameRequestCallback = (_, { captureTime }) => {
      if (closed) return;
      const age = captureTime === undefined ? 0 : performance.now() - captureTime;
      // Not timeOrigin + captureTime: while a laptop sleeps, one of the two clocks stands still.
      seen(age >= 0 && age < OLDEST_MS ? age : 0);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  } else {
    const tick = (): void => {
      if (closed) return;
      seen(0);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }
  return () => {
    closed = true;
  };
}

function jpegEncoder(video: HTMLVideoElement): (width: number, height: number) => Promise<Uint8Array | undefined> {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { alpha: false });
  return async (width, height) => {
    if (!context) return undefined;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    context.drawImage(video, 0, 0, width, height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    return blob ? new Uint8Array(await blob.arrayBuffer()) : undefined;
  };
}
