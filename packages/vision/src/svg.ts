import sharp from "sharp";

/**
 * Renders an SVG picture as PNG, at its own size times `scale`. Text is drawn in whatever fonts the
 * machine has.
 *
 * @param svg a whole document of our own making: what it refers to is not fetched
 * @param scale 1 to 4; default 2, sharp on today's screens
 */
export async function renderSvg(svg: string, scale = 2): Promise<Uint8Array> {
  // libvips takes a pixel of an SVG for 1/72 inch.
  return sharp(Buffer.from(svg), { density: 72 * scale })
    .png({ compressionLevel: 9, palette: true })
    .toBuffer();
}
