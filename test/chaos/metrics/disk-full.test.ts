import { describe, expect, it, onTestFinished, vi } from "vitest";
import { measureDiskFull } from "./disk-full.ts";

describe("a full disk, where no file system may be mounted,", () => {
  const measured = () => measureDiskFull({ folder: "/nonexistent", signal: new AbortController().signal });

  function withoutUnshare(ci: string): void {
    vi.stubEnv("PATH", "/nonexistent");
    vi.stubEnv("CI", ci);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
  }

  it("is left out, and that is said", async () => {
    withoutUnshare("");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    expect(await measured()).toEqual([]);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^Skipping the full disk: mount namespaces/)]]);
  });

  it("is a failure in CI", async () => {
    withoutUnshare("true");
    await expect(measured()).rejects.toThrow("mount namespaces are not allowed here");
  });
});
