import { words } from "../words.ts";

export function LiveView() {
  return <h2>{words.views.live}</h2>;
}
