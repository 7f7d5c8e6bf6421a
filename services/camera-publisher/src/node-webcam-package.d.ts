/** The part of node-webcam 0.8.2 that is used; the package brings no types. */
declare module "node-webcam" {
  export interface Webcam {
    /** The program; it stands at the beginning of a shell command. */
    bin: string;
    capture(location: string, callback: (error: Error | null, data: Buffer | undefined) => void): void;
  }

  export interface Options {
    device: string;
    width: number;
    height: number;
    quality: number;
    skip: number | false;
    output: "jpeg";
    callbackReturn: "buffer";
    saveShots: false;
  }

  const NodeWebcam: { FSWebcam: new (options: Options) => Webcam };
  export default NodeWebcam;
}
