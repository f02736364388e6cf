/** The QR picture that the API draws, rebuilt from the few elements a picture needs: markup from outside never runs. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

const SVG = "http://www.w3.org/2000/svg";
const ELEMENTS = new Set(["svg", "g", "path", "rect"]);
const ATTRIBUTES = new Set(["viewBox", "d", "x", "y", "width", "height", "fill", "fill-rule", "transform", "stroke", "stroke-width", "shape-rendering"]);

export function rebuild(source: Element): SVGElement | null {
  if (!ELEMENTS.has(source.localName)) return null;
  const made = document.createElementNS(SVG, source.localName);
  for (const { localName, value } of source.attributes) {
    if (ATTRIBUTES.has(localName)) made.setAttribute(localName, value);
  }
  for (const child of source.children) {
    const inner = rebuild(child);
    if (inner) made.append(inner);
  }
  return made;
}

export function Qr({ svg, label }: { svg: string; label: string }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    const picture = rebuild(parsed);
    if (!picture) return;
    if (!picture.hasAttribute("viewBox")) {
      const [width = "", height = ""] = ["width", "height"].map((side) => String(parseFloat(picture.getAttribute(side) ?? "")));
      picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    }
    picture.removeAttribute("width");
    picture.removeAttribute("height");
    host.current?.replaceChildren(picture);
  }, [svg]);
  return <div class="qr" ref={host} role="img" aria-label={label} data-testid="qr" />;
}
