// What can be found out about a page by asking it how it has been laid out, and where the focus is.
({
  layout() {
    const found = [];
    const root = document.documentElement;
    const told = (element) => `${element.localName}.${element.className?.baseVal ?? element.className}`
      + ` "${element.textContent.trim().slice(0, 40)}"`;
    const mayBeLeft = (element) => {
      for (let box = element; box !== document.body; box = box.parentElement) {
        if (box.matches(".skip") || ["auto", "scroll"].includes(getComputedStyle(box).overflowX)) return true;
      }
      return false;
    };
    if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} wide on ${root.clientWidth}`);
    for (const element of document.body.querySelectorAll("*")) {
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
      if (element.clientWidth <= 1) continue; // it is for screen readers
      const { overflowX, overflowY, textOverflow } = getComputedStyle(element);
      const wide = element.scrollWidth - element.clientWidth > 1;
      const high = element.scrollHeight - element.clientHeight > 1;
      const isTold = element.closest("[title]") || !element.textContent.trim(); // what is cut off is in its title
      const hides = (overflow) => ["hidden", "clip"].includes(overflow) && !isTold;
      if (wide && hides(overflowX)) found.push(`cut off: ${told(element)}`);
      if (high && hides(overflowY)) found.push(`cut off below: ${told(element)}`);
      const mayScroll = element.matches("pre, textarea, input, select") || element.querySelector("table, pre, svg");
      if (wide && ["auto", "scroll"].includes(overflowX) && !mayScroll) found.push(`scrolls sideways: ${told(element)}`);
      const { width, left } = element.getBoundingClientRect();
      if (width > 1 && left < -1 && !mayBeLeft(element)) found.push(`begins left of the page: ${told(element)}`);
    }
    return found;
  },

  // Marks whatever the Tab key must reach, of radio buttons one, and says how many there are.
  reachable() {
    // Tab goes on from where the focus has been, though that is gone: from the top of the page.
    const start = document.createElement("span");
    start.tabIndex = -1;
    document.body.prepend(start);
    start.focus();
    start.remove();
    scrollTo(0, 0);
    const names = new Set();
    const found = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
      .filter((each) => !each.disabled && each.tabIndex >= 0 && each.checkVisibility({ visibilityProperty: true }))
      .filter((each) => each.type !== "radio" || (!names.has(each.name) && names.add(each.name)));
    for (const each of found) each.dataset.walked = "no";
    return found.length;
  },

  // Where the focus is, and what is wrong there; null at the end of the page, or where it has been before.
  walked() {
    const element = document.activeElement;
    if (!element || element === document.body || element.dataset.walked === "yes") return null;
    const same = element.type === "radio" ? document.getElementsByName(element.name) : [element];
    for (const each of same) each.dataset.walked = "yes";
    const style = getComputedStyle(element);
    const hasRing = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    const { top, bottom, left, right } = element.getBoundingClientRect();
    const name = element.getAttribute("aria-label") || element.textContent.trim().slice(0, 40) || element.id;
    if (!hasRing) return `without a visible focus: ${name}`;
    return bottom > 0 && top < innerHeight && right > 0 && left < innerWidth ? "" : `out of sight: ${name}`;
  },

  missed() {
    return [...document.querySelectorAll("[data-walked=no]")]
      .filter((each) => each.checkVisibility({ visibilityProperty: true }))
      .map((each) => `never reached: ${each.localName} "${each.textContent.trim().slice(0, 40)}"`);
  },
})
