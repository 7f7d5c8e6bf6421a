export { DashboardConfig } from "./config.ts";
export { dashboard } from "./dashboard.ts";
export { PageFacts } from "./page-facts.ts";
