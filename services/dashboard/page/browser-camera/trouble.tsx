import { useApp } from "../app.ts";
import * as words from "../words.ts";
import type { CameraTrouble } from "./camera-trouble.ts";

/** Why this browser is no camera, and what to do. */
export function Trouble({ trouble }: { readonly trouble: CameraTrouble }) {
  const { facts } = useApp();
  const { kind } = trouble;
  const said = words.camera.trouble[kind];
  return (
    <div class={`notice stack ${kind === "unheard" ? "warning" : "bad"}`}>
      <p>{typeof said === "string" ? said : said("detail" in trouble ? trouble.detail : "")}</p>
      {kind === "insecure" && facts.secureUrl && (
        <>
          <p>
            <a href={`${facts.secureUrl}#camera`}>{words.camera.secureLink}</a>
          </p>
          <p>
            {words.camera.trust} <a href="/trust">{words.camera.trustLink}</a>
          </p>
        </>
      )}
    </div>
  );
}
