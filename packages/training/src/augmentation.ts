export type AugmentationName = "none" | "light" | "strong";
