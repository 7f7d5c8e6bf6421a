import type { ServiceKind } from "@beckon/protocol";
import type { CommandDef } from "citty";
import { command } from "../command.ts";
import { openInBrowser } from "../stream/open-in-browser.ts";
import { loadService } from "../stream/services.ts";
import { STREAM_FLAGS, streamConfig } from "../stream/stream-flags.ts";
import { PartialFailure } from "../usage.ts";

/** `beckon classifier` and so on: one service in a process of its own. */
export function serviceCommand(kind: ServiceKind, description: string): CommandDef {
  const hasPage = kind === "dashboard";
  return command({
    name: kind,
    description,
    args: {
      ...STREAM_FLAGS,
      id: {
        type: "string",
        valueHint: "name",
        description: "Of this instance in its topics (default the name of this machine)",
      },
      ...(hasPage && { open: { type: "boolean" as const, description: "Open the page in the browser" } }),
    },
    run: async ({ args }) => {
      const [service, { connectMqttBus, createLogger, monitored, runService, runUntilSignal }] = await Promise.all([
        loadService(kind),
        import("@beckon/runtime"),
      ]);
      const config = streamConfig(args, [service]);
      const id = args.text("id");
      const { shared } = config;
      const log = createLogger({ ...shared.log, service: kind });
      const open = (address?: string): void => {
        if (address !== undefined) void openInBrowser(address).then((why) => why && log.warn(why));
      };
      const code = await runUntilSignal((signal) =>
        monitored(shared.monitoring, log, (monitor) =>
          runService(service, {
            config: config.section(service),
            ...{ shared, log, signal, monitor },
            ...(id !== undefined && { id }),
            ...(hasPage && args.on("open") && { ready: open }),
            openBus: connectMqttBus,
          }),
        ),
      );
      if (code !== 0) throw new PartialFailure();
    },
  });
}
