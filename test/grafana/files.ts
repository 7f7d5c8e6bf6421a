import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export interface Target {
  readonly refId?: string;
  readonly query: string;
  readonly alias?: string;
  readonly datasource?: { readonly uid: string };
  /** Of annotations. */
  readonly textColumn?: string;
  readonly tagsColumn?: string;
}

export interface GridPosition {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: GridPosition;
  readonly targets?: readonly Target[];
  readonly panels?: readonly Panel[];
  readonly timeFrom?: string;
  readonly interval?: string;
  readonly repeat?: string;
}

/** What is checked of a dashboard in the classic JSON. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly {
      readonly name: string;
      readonly query: string;
      readonly datasource: { readonly uid: string };
    }[];
  };
  readonly annotations: {
    readonly list: readonly {
      readonly name: string;
      readonly target: Target;
      readonly datasource: { readonly uid: string };
    }[];
  };
}

export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly for: string;
  readonly noDataState: string;
  readonly data: readonly {
    readonly refId: string;
    readonly datasourceUid: string;
    readonly relativeTimeRange: { readonly from: number; readonly to: number };
    readonly model: {
      readonly type?: string;
      readonly query?: string;
      readonly expression?: string;
      readonly reducer?: string;
      readonly conditions?: readonly {
        readonly evaluator: { readonly type: string; readonly params: readonly number[] };
      }[];
    };
  }[];
  readonly annotations: Readonly<Record<string, string>>;
}

const FOLDER = fileURLToPath(new URL("../../grafana/", import.meta.url));

/** @param path below grafana/ */
export function grafanaFile(path: string): string {
  return readFileSync(`${FOLDER}${path}`, "utf8");
}

export function dashboards(): Dashboard[] {
  return readdirSync(`${FOLDER}dashboards`)
    .toSorted()
    .map((name) => JSON.parse(grafanaFile(`dashboards/${name}`)) as Dashboard);
}

export function alertRules(): AlertRule[] {
  const file = parse(grafanaFile("provisioning/alerting/beckon.yaml")) as { groups: { rules: AlertRule[] }[] };
  return file.groups.flatMap(({ rules }) => rules);
}

/** Of the data sources that are provisioned. */
export function dataSourceUids(): string[] {
  const file = parse(grafanaFile("provisioning/datasources/beckon.yaml")) as { datasources: { uid: string }[] };
  return file.datasources.map(({ uid }) => uid);
}
