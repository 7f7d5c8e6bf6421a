import { words } from "../words.ts";

export function BrowserCameraView() {
  return <h2>{words.views.camera}</h2>;
}
