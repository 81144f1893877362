/** Fewer ticks than this say nothing about a logarithmic axis. */
const LEAST = 3;

/**
 * Ticks of a logarithmic axis: one to nine times each power of ten, and round numbers for a range within one decade.
 *
 * The plot library's own ticks need a range that begins at one of these; from any other bound its sum of rounded steps can stay at
 * zero for ever.
 */
export function logTicks(min: number, max: number): number[] {
  if (!(min > 0 && max > min && Number.isFinite(max))) return [];
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(min)); exponent <= Math.log10(max); exponent++) {
    for (let digit = 1; digit <= 9; digit++) {
      const tick = Number(`${digit}e${exponent}`);
      if (tick >= min && tick <= max) ticks.push(tick);
    }
  }
  return ticks.length < LEAST ? roundTicks(min, max) : ticks;
}

/** Multiples of 1, 2 or 5 times a power of ten, three to eight of them. */
function roundTicks(min: number, max: number): number[] {
  const size = 10 ** Math.floor(Math.log10((max - min) / LEAST));
  const step = [5, 2, 1].map((factor) => factor * size).find((step) => (max - min) / step >= LEAST) ?? size;
  const first = Math.ceil(min / step);
  const count = Math.floor(max / step) - first + 1;
  return Array.from({ length: Math.min(count, 100) }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}
