import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { captured } from "../testing/captured.ts";

it("says that there is no page to open where the configuration has no dashboard", async () => {
  const folder = await mkdtemp(join(tmpdir(), "beckon-up-"));
  try {
    const file = join(folder, "beckon.yaml");
    await writeFile(file, "interpreter: {}\n");
    expect(await captured("up", "--open", "--config", file)).toEqual({
      code: 2,
      out: "",
      err: "beckon: --open: the configuration has no dashboard, and so no page to open (see beckon up --help)\n",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

it("has the page in the configuration that it uses without one", async () => {
  const { out } = await captured("config", "example");
  expect(out).toMatch(/^dashboard:\n {2}portSearch: true$/m);
  expect(await captured("config", "check", "--set", "dashboard.prot=1")).toMatchObject({
    code: 1,
    err: expect.stringContaining("did you mean port"),
  });
});
