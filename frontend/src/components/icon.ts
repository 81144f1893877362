import { type SVGTemplateResult, svg } from "lit";

/** Icons of the components; those of the templates are in `frame/_icons.html`. */
const PATHS = {
  info: svg`<circle cx="8" cy="8" r="5.8" /><path d="M8 7.5V11M8 5v.1" />`,
  warn: svg`<path d="M8 2.2 14.2 13H1.8zM8 6.500v3M8 11.300v.1" />`,
  check: svg`<path d="m3.500 8.500 3 3 6-7" />`,
  star: svg`<path d="m8 2 1.800 3.900 4.200.5-3.100 2.900.8 4.200L8 11.400l-3.700 2.100.8-4.200L2 6.400l4.200-.5z" fill="currentColor" stroke="none" />`,
  save: svg`<path d="M8 2v8M4.800 7 8 10.200 11.200 7M2.500 13.500h11" />`,
  resume: svg`<path d="M5 3.500v9l7-4.500z" />`,
  upload: svg`<path d="M8 10.500V2.500M4.800 5.500 8 2.300l3.200 3.200M2.500 10.500v2.500a.5.5 0 0 0 .5.5h10a.5.5 0 0 0 .5-.5v-2.500" />`,
  offline: svg`<path d="M2 6.500a9 9 0 0 1 4-2.200M14 6.500a9 9 0 0 0-5-2.500M4.500 9.200a5.500 5.500 0 0 1 2.500-1.500M11.500 9.200a5.500 5.500 0 0 0-1.500-1.100M8 12.500v.1M2 2l12 12" />`,
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName, size = 14): SVGTemplateResult {
  return svg`<svg width=${size} height=${size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${PATHS[name]}</svg>`;
}
