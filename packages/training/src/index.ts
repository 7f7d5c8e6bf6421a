export { architectures, findArchitecture, UnknownArchitecture } from "./architectures/catalogue.ts";
export {
  countLabels,
  type Dataset,
  describe,
  type MatchedSamples,
  matchLabels,
  requireTrainable,
  type Sample,
  type ScanOptions,
  scanDataset,
  sourcesOf,
} from "./dataset.ts";
export { type DataInput, DatasetError, type Problem, parseDataInput } from "./dataset-folder.ts";
export { openPixelFile, type PixelStore, type StoredSamples, type StoreOptions, storePixels } from "./pixel-store.ts";
export { formatSummary, type SummaryRow, type SummaryTotals, summarise, totalsOf } from "./summary.ts";
export { type TfjsModel, toTfjsLayersModel, writeTfjs } from "./tfjs-export.ts";
