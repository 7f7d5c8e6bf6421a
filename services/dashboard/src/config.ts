import { z } from "zod";

const Port = z.int().min(0).max(65_535).describe("0 for any free one");
const Folder = z.string().min(1).max(4096);
const PemFile = z.string().min(1).max(4096);

const HttpsConfig = z
  .object({
    enabled: z.boolean().optional().describe("On, unless the host is loopback, where browsers trust plain HTTP"),
    port: Port.default(8443),
    cert: PemFile.optional().describe("File with a certificate of your own and those it hangs on, in PEM"),
    key: PemFile.optional().describe("File with its key, in PEM"),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), {
    message: "cert and key belong together: one is missing",
  });

/** The section `dashboard` of beckon.yaml. Its defaults show the page to this machine alone. */
export const DashboardConfig = z.object({
  host: z.string().min(1).default("127.0.0.1").describe("Where it listens; beyond loopback the broker must have users"),
  port: Port.default(8080),
  portSearch: z.boolean().default(false).describe("Take the next free port when one is in use"),
  hosts: z
    .array(z.string().regex(/^[\w.:-]{1,253}$/, "must be a name or an address, without a port"))
    .max(64)
    .default([])
    .describe("Names under which it may be asked for, besides localhost, its own address and the machine's name"),
  origins: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(64)
    .default([])
    .describe("Pages elsewhere that may connect, as http://host:port"),
  https: HttpsConfig.prefault({}),
  samplesFolder: Folder.optional().describe(
    "Recordings of taught gestures; ~/.local/share/beckon/samples unless given",
  ),
  modelsFolder: Folder.optional().describe("Models taught here; ~/.local/share/beckon/models unless given"),
  maxConnections: z.int().min(4).max(10_000).default(128).describe("Of browsers, each of which may have six"),
});

export type DashboardConfig = z.infer<typeof DashboardConfig>;
