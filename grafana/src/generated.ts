import { stringify } from "yaml";
import { alertRules } from "./alerts.ts";
import { fleet } from "./dashboards/fleet.ts";
import { latency } from "./dashboards/latency.ts";
import { overview } from "./dashboards/overview.ts";
import { recognition } from "./dashboards/recognition.ts";

const DASHBOARDS = { overview, latency, recognition, fleet };

/** Every file that is made from the sources here: path below grafana/, and what stands in it. */
export function generated(): ReadonlyMap<string, string> {
  const boards = Object.entries(DASHBOARDS).map(([name, build]) => [`dashboards/${name}.json`, json(build())] as const);
  const rules = `# Made by npm run dashboards from grafana/src/alerts.ts.\n${stringify(alertRules(), { lineWidth: 0, aliasDuplicateObjects: false })}`;
  return new Map([...boards, ["provisioning/alerting/beckon.yaml", rules]]);
}

/** The SDK would put every link and annotation away into a menu. */
function json(value: unknown): string {
  const shown = (key: string, field: unknown) =>
    key === "placement" && field === "inControlsMenu" ? undefined : field;
  return `${JSON.stringify(value, shown, 2)}\n`;
}
