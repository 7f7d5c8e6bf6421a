/** A model bundle that cannot be used or written. The message is one line that names the file and what to do about it. */
export class BundleError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BundleError";
  }
}
