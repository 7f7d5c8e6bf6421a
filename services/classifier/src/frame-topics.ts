import type { Frame, TopicFilter, Topics } from "@beckon/protocol";
import type { ClassifierConfig } from "./config.ts";

/**
 * Where frames come from: `<camera>/frame` under our prefix, and the topics of their own that other software publishes
 * JPEGs to (Frigate's snapshots, say), as cameras of the names given to them.
 */
export function frameTopics(
  topics: Pick<Topics, "frame">,
  { cameras, group, frameTopics: foreign }: Pick<ClassifierConfig, "cameras" | "group" | "frameTopics">,
): TopicFilter<Frame, "camera"> {
  const own = topics.frame.matching({ camera: cameras }, group);
  const share = group === undefined ? "" : `$share/${group}/`;
  const cameraOf = new Map(Object.entries(foreign).map(([camera, topic]) => [topic, camera]));
  return {
    ...own,
    filters: [...own.filters, ...[...cameraOf.keys()].map((topic) => share + topic)],
    match: (path) => {
      const camera = cameraOf.get(path);
      return camera === undefined ? own.match(path) : { camera };
    },
  };
}
