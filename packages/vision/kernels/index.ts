export { inverseDct, inverseDctHalf, inverseDctQuarter } from "./inverse-dct";
export { resample, toRgb } from "./resample";
export { decodeScan } from "./scan";
