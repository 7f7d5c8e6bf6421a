import { type CommandDef, defineCommand } from "citty";

export const models: CommandDef = defineCommand({
  meta: { name: "models", description: "List, inspect, import and export models" },
  subCommands: {
    list: () => import("./models/list.ts").then(({ list }) => list),
    inspect: () => import("./models/inspect.ts").then(({ inspect }) => inspect),
    import: () => import("./models/import.ts").then(({ importModel }) => importModel),
    export: () => import("./models/export.ts").then(({ exportModel }) => exportModel),
  },
});
