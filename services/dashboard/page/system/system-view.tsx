import { words } from "../words.ts";

export function SystemView() {
  return <h2>{words.views.system}</h2>;
}
