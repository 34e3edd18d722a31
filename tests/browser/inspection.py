"""Looks at a page with a computed style in hand: JavaScript for `page.evaluate`."""

from __future__ import annotations

#: Texts whose contrast with what lies behind them is below WCAG AA.
FAINT = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => [red, green, blue]
    .map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.body.querySelectorAll("*")) {
    const text = [...element.childNodes].filter((node) => node.nodeType === 3)
      .map((node) => node.data.trim()).join("");
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(numbers(style.color)), light(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    const isLarge = parseFloat(style.fontSize) >= 24;
    if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${text}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""

#: Controls without a name that a screen reader could say.
NAMELESS = """() => [...document.querySelectorAll(
    "button, a, input:not([type=hidden]), progress, dialog, img")]
  .filter((one) => one.checkVisibility())
  .filter((one) => one.tagName === "IMG" ? !one.hasAttribute("alt")
    : !(one.ariaLabel || one.innerText?.trim() || one.labels?.length
      || one.hasAttribute("aria-labelledby")))
  .map((one) => one.outerHTML)"""

#: Buttons that a thumb misses.
TINY = """() => [...document.querySelectorAll("button, .button, label.button")]
  .filter((one) => one.checkVisibility())
  .filter((one) => Math.min(one.offsetHeight, one.offsetWidth) < 44)
  .map((one) => one.outerHTML)"""

#: What reaches beyond the right edge of a page that can be scrolled sideways.
OVERHANG = """() => {
  const width = screen.width;  // a phone widens its window to what doesn't fit
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > width)
    .map((one) => one.cloneNode().outerHTML);
}"""
