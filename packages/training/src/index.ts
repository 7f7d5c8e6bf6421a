export { architectures, findArchitecture, UnknownArchitecture } from "./architectures/catalogue.ts";
