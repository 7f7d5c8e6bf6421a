export { recolour } from "./recolour";
export { warp } from "./warp";
