/** The console's own icons: 24 by 24, drawn with a stroke in the text's colour.  Decoration only: words stand beside them. */
import type { JSX } from "preact";

const PATHS = {
  extensions: ["M4 9h16", "M4 15h16", "M10 4 8 20", "M16 4l-2 16"],
  phones: ["M8 3h8a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z", "M11 18h2", "M9.5 7h5"],
  calls: ["M5.5 4h3l1.7 4.3-2.1 1.400a11 11 0 0 0 6.2 6.200l1.4-2.100L20 15.500v3a1.7 1.7 0 0 1-1.8 1.700A15.5 15.5 0 0 1 3.8 5.8 1.7 1.7 0 0 1 5.5 4z", "M14.5 4.200a6 6 0 0 1 5.3 5.3"],
  records: ["M12 7.500V12l3 2", "M4.3 9.500A8 8 0 1 1 4 12", "M4 4.500v5h5"],
  trunks: ["M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z", "M3.5 12h17", "M12 3.500c2.600 2.300 3.800 5.200 3.800 8.500s-1.200 6.200-3.800 8.500c-2.600-2.300-3.800-5.200-3.800-8.500s1.200-6.200 3.800-8.500z"],
  security: ["M12 3.500 19 6v5.500c0 4.4-3 7.5-7 9-4-1.500-7-4.600-7-9V6z", "M9 12l2.2 2.200L15.200 10"],
  health: ["M3 12.500h4l2.5-7 5 13 2.5-6h4"],
  plus: ["M12 5v14", "M5 12h14"],
  edit: ["M4.5 19.500l.8-4L15.7 5.100a1.7 1.7 0 0 1 2.4 0l.8.8a1.7 1.7 0 0 1 0 2.400L8.5 18.700z", "M13.5 7.300l3.2 3.2"],
  trash: ["M4.5 7h15", "M9.5 7V4.500h5V7", "M6.5 7l.8 12.500h9.400L17.5 7", "M10.5 11v5", "M13.5 11v5"],
  key: ["M7.5 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M11.5 12h9", "M17 12v3.5", "M20.5 12v2.5"],
  copy: ["M9 8.500h9.500V20H9z", "M15 8.500V4.500H5.500V16H9"],
  check: ["M5 12.800l4.5 4.500L19 7.5"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  warning: ["M12 4 2.8 19.500h18.400z", "M12 10v4.5", "M12 17.200v.1"],
  info: ["M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z", "M12 11v5", "M12 8v.1"],
  sun: ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M12 2.500v2", "M12 19.500v2", "M2.5 12h2", "M19.5 12h2", "M5.3 5.300l1.4 1.4", "M17.3 17.300l1.4 1.4", "M18.7 5.300l-1.4 1.4", "M6.7 17.300l-1.4 1.4"],
  moon: ["M19.5 14.500A8 8 0 0 1 9.5 4.500a8 8 0 1 0 10 10z"],
  auto: ["M12 3.500a8.5 8.5 0 1 0 0 17z", "M12 3.500a8.5 8.5 0 0 1 0 17", "M12 8.500h6.5", "M12 12.500h8", "M12 16.500h6"],
  leave: ["M10 4.500H5.500v15H10", "M14.5 8l4 4-4 4", "M18 12H9.5"],
  search: ["M10.5 4.500a6 6 0 1 0 0 12 6 6 0 0 0 0-12z", "M15 15l5 5"],
  back: ["M14.5 5.500L8 12l6.5 6.5"],
  forward: ["M9.5 5.500L16 12l-6.5 6.5"],
  arrow: ["M4 12h15", "M13.5 6.500L19 12l-5.5 5.5"],
  hangup: ["M3.5 14.500c-.7-1-.5-2.5.6-3.4 4.5-3.5 11.3-3.5 15.8 0 1.1.9 1.3 2.4.6 3.400l-1 1.3-4-1.3-.3-2.700a9.5 9.5 0 0 0-6.4 0l-.3 2.7-4 1.300z"],
  eye: ["M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z", "M12 9.200a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.600z"],
  clock: ["M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z", "M12 7.500V12l3 2"],
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true" focusable="false">
      {PATHS[name].map((path) => (
        <path key={path} d={path} stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" />
      ))}
    </svg>
  );
}

/** The mark: a shield that listens. */
export function Mark({ size = 32 }: { size?: number }): JSX.Element {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path class="mark-shield" d="M16 1.5 28 6v9.500c0 7.2-4.9 12.4-12 15-7.1-2.6-12-7.8-12-15V6z" />
      <path class="mark-sound" d="M10 14v4M16 10v12M22 14v4" fill="none" stroke-width="2.6" stroke-linecap="round" />
    </svg>
  );
}
