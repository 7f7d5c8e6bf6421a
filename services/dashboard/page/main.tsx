import { render } from "preact";
import { PageFacts } from "../src/page-facts.ts";
import { type App, AppContext } from "./app.ts";
import { createApi } from "./bus/api.ts";
import { connectPageBus } from "./bus/page-bus.ts";
import { Shell } from "./shell/shell.tsx";
import "./style/page.css";

const facts = PageFacts.parse(await (await fetch("page.json")).json());
const bus = connectPageBus(`${location.origin.replace(/^http/, "ws")}/mqtt`, facts.prefix);
const app: App = { bus, api: createApi(bus, facts), facts };
const place = document.getElementById("page");
if (place)
  render(
    <AppContext.Provider value={app}>
      <Shell />
    </AppContext.Provider>,
    place,
  );
