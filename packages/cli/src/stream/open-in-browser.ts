import { spawn } from "node:child_process";
import process from "node:process";

/** What opens an address as a click on it would: the program and its arguments before the address; never a shell. */
type Opener = readonly [program: string, ...before: string[]];

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, Opener>>> = {
  darwin: ["open"],
  // `start` is a word of the shell; this is what it calls.
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};
const ELSEWHERE: Opener = ["xdg-open"];

/**
 * Opens an address in the browser of the user, who may have none.
 *
 * @param address of http or https
 * @returns why it did not open, in one line; undefined when it did, as far as can be seen
 */
export function openInBrowser(
  address: string,
  [program, ...before]: Opener = OPENERS[process.platform] ?? ELSEWHERE,
): Promise<string | undefined> {
  const { protocol, href } = new URL(address);
  if (protocol !== "http:" && protocol !== "https:") throw new Error(`${protocol} is no address of a page`);
  return new Promise((resolve) => {
    const said = (why: string): void => resolve(`no browser was opened (${why}): open ${href} yourself`);
    // A browser that this starts outlives us.
    const child = spawn(program, [...before, href], { stdio: "ignore", detached: true });
    child.once("error", ({ code, message }: NodeJS.ErrnoException) =>
      said(code === "ENOENT" ? `there is no ${program}` : message),
    );
    child.once("exit", (code) => (code === 0 ? resolve(undefined) : said(`${program} ended with ${code}`)));
    child.unref();
  });
}
