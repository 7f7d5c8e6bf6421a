import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { DATA_SOURCE, influx } from "./influx-query.ts";
import type { Panel } from "./panels.ts";

/** Conditions on what has a camera and a model; on what a service of a host says. */
export const SEEN = '$timeFilter AND "camera" =~ /^$camera$/ AND "model" =~ /^$model$/';
export const ON_HOST = '$timeFilter AND "instance" =~ /^$host$/';

export interface DashboardOptions {
  /** Fixed: links and provisioning go by it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}

/** What all dashboards have in common: variables, annotations, links to each other, numbered panels. */
export function framed({ uid, title, description, panels }: DashboardOptions): dashboard.Dashboard {
  const board = new dashboard.DashboardBuilder(`Beckon: ${title}`)
    .uid(uid)
    .description(description)
    .tags(["beckon"])
    .readonly()
    .time({ from: "now-30m", to: "now" })
    .refresh("10s")
    .timezone("browser")
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .variables([
      variable("camera", "Camera", 'SHOW TAG VALUES FROM "result" WITH KEY = "camera"'),
      variable("model", "Model", 'SHOW TAG VALUES FROM "result" WITH KEY = "model"'),
      // An instance is named after its machine unless it was given a name.
      variable("host", "Host", 'SHOW TAG VALUES FROM "process" WITH KEY = "instance"'),
    ])
    .annotations(ANNOTATIONS.map(annotation))
    .link(
      new dashboard.DashboardLinkBuilder("Beckon")
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags(["beckon"])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    );
  for (const [index, panel] of panels.entries()) {
    panel.id(index + 1);
    board.withPanel(panel);
  }
  return board.build();
}

function variable(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(DATA_SOURCE)
    .query(query)
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: ["All"], value: ["$__all"] });
}

interface AnnotationOptions {
  readonly name: string;
  readonly color: string;
  readonly query: string;
  /** Column of what it says, and of its tag. */
  readonly text: string;
  readonly tags: string;
}

const ANNOTATIONS: readonly AnnotationOptions[] = [
  {
    name: "Relay switches",
    color: "yellow",
    query: 'SELECT "to", "relay" FROM "relay_switch" WHERE $timeFilter',
    text: "to",
    tags: "relay",
  },
  {
    name: "Model swaps",
    color: "purple",
    query: 'SELECT "to", "model" FROM "model_swap" WHERE $timeFilter AND "camera" =~ /^$camera$/',
    text: "to",
    tags: "model",
  },
  {
    name: "Restarts",
    color: "red",
    // The uptime of a service only ever falls when it starts anew.
    query:
      'SELECT "fall", "service", "instance" FROM (SELECT difference("uptime") AS "fall" FROM "process" WHERE $timeFilter GROUP BY "service", "instance") WHERE "fall" < 0',
    text: "instance",
    tags: "service",
  },
];

function annotation({ name, color, query, text, tags }: AnnotationOptions): dashboard.AnnotationQueryBuilder {
  const target = {
    ...influx(query, { table: true }).build("Anno"),
    queryType: "tags",
    fromAnnotations: true,
    textColumn: text,
    tagsColumn: tags,
  };
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATA_SOURCE)
    .enable(true)
    .iconColor(color)
    .target({ build: () => target });
}
