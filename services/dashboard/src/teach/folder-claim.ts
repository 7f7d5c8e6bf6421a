import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { createServer, type Server } from "node:net";

/**
 * Sees that a folder is written by one process of a machine at a time. It is held by a name that the system takes back when
 * the process ends, however it does, so nothing stays locked: an abstract socket on Linux, a named pipe on Windows. On
 * other systems, and between containers with networks of their own, nobody is kept out.
 */
export class FolderClaim {
  readonly #folder: string;
  #held: Server | undefined;

  /** @param folder that is there when it is taken */
  constructor(folder: string) {
    this.#folder = folder;
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /**
   * @returns false while another process has it, or another part of this one
   * @throws the error of the file system
   */
  async take(): Promise<boolean> {
    if (this.#held) return true;
    const name = systemName(
      createHash("sha256")
        .update(await realpath(this.#folder))
        .digest("hex"),
    );
    // Whoever connects has nothing to say.
    const server = createServer((socket) => socket.destroy());
    const isTaken = name !== undefined && (await listening(server, name)) === "EADDRINUSE";
    if (!isTaken) this.#held = server.unref();
    return !isTaken;
  }

  release(): void {
    this.#held?.close();
    this.#held = undefined;
  }
}

function systemName(key: string): string | undefined {
  if (process.platform === "linux") return `\0beckon-folder-${key}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\beckon-folder-${key}` : undefined;
}

/** @returns why not, as a code of the system; a sandbox that allows no such names keeps nobody out either */
function listening(server: Server, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
    server.listen(path, () => resolve(undefined));
  });
}
