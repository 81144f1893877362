const THIN_SPACE = "\u202f";
const MINUS = "−";

/** Formats a number: `digits` decimals, thin-space groups, a minus sign, exponents for extreme magnitudes. */
export function figure(value: number | null | undefined, digits = 3): string {
  if (value == null) return "–";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : `${MINUS}∞`;
  const size = Math.abs(value);
  let text: string;
  if (size !== 0 && (size < 1e-3 || size >= 1e7))
    text = value.toExponential(Math.max(0, digits - 1)).replace("e+", "e");
  else if (size >= 1000) text = grouped(value);
  else
    text = value.toFixed(size >= 100 ? Math.min(1, digits) : size >= 10 ? Math.min(2, digits) : decimals(size, digits));
  return text.replaceAll("-", MINUS);
}

/** Formats an integer in thin-space groups. */
export function whole(value: number): string {
  return grouped(value).replaceAll("-", MINUS);
}

/** Formats the tick of an axis in at most four significant digits. */
export function tick(value: number | null): string {
  if (value == null) return "";
  const size = Math.abs(value);
  const text =
    size >= 10_000
      ? `${Number((value / 1000).toFixed(1))}k`
      : size !== 0 && size < 1e-3
        ? value.toExponential(0)
        : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", MINUS);
}

/** Formats bytes in binary units. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let size = value;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(size >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** Number of decimals: one more where rounding would change the value by more than 2 %. */
function decimals(size: number, digits: number): number {
  const rounded = Number(size.toFixed(digits));
  return digits >= 2 && Math.abs(rounded - size) > size / 50 ? digits + 1 : digits;
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString("en-US").replaceAll(",", THIN_SPACE);
}
