import { words } from "../words.ts";

export function TeachView() {
  return <h2>{words.views.teach}</h2>;
}
