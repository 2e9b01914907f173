// A configuration as a QR code: squares of a PNG file, half blocks of a terminal.
import { PNG } from "pngjs";
import { encodeQR } from "qr";

/** Modules of white around the code (ISO/IEC 18004 §6.3.8). */
const border = 4;
/** Pixels of one module. */
const scale = 6;

/** A PNG file of the code. @throws Error when the text is too long for a QR code, beyond about 2900 bytes */
export function qrImage(text: string): Uint8Array {
  const modules = encodeQR(text, "raw", { border, ecc: "low" });
  const size = modules.length * scale;
  const image = new PNG({ width: size, height: size, colorType: 0 });
  for (let at = 0; at < size * size; at += 1) {
    const dark = modules[Math.floor(at / size / scale)]?.[Math.floor((at % size) / scale)] === true;
    image.data.fill(dark ? 0 : 255, at * 4, at * 4 + 3);
    image.data[at * 4 + 3] = 255;
  }
  return PNG.sync.write(image, { colorType: 0 });
}

/** Lines of half blocks, dark on light whatever the terminal's colours are. */
export function qrLines(text: string): readonly string[] {
  const modules = encodeQR(text, "raw", { border: 2, ecc: "low" });
  const lines: string[] = [];
  for (let row = 0; row < modules.length; row += 2) {
    const [upper = [], lower = []] = [modules[row], modules[row + 1]];
    const cells = upper.map((dark, column) => block(dark, lower[column] === true));
    lines.push(`\x1b[30;107m${cells.join("")}\x1b[0m`);
  }
  return lines;
}

function block(upper: boolean, lower: boolean): string {
  if (upper) return lower ? "█" : "▀";
  return lower ? "▄" : " ";
}
