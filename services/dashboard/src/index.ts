export { PageFacts } from "./page-facts.ts";
