
(function () {
  "use strict";
  var root = document.documentElement;
  var wide = window.matchMedia("(min-width: 64rem)");

  var toggle = document.getElementById("show-code");
  toggle.hidden = !document.querySelector(".code");
  toggle.addEventListener("click", function () {
    var shown = root.classList.toggle("code-shown");
    toggle.setAttribute("aria-pressed", String(shown));
    reach();
  });

  // The contents list stands open beside the report where there is room, and folds up above it where there is not.
  var contents = document.getElementById("contents");
  function arrange() { if (contents) contents.open = wide.matches; }
  wide.addEventListener("change", arrange);
  arrange();

  // A region that scrolls can be reached and scrolled from the keyboard.
  function reach() {
    document.querySelectorAll(".drawing, pre").forEach(function (region) {
      var scrolls = region.scrollWidth > region.clientWidth;
      if (scrolls) region.setAttribute("tabindex", "0"); else region.removeAttribute("tabindex");
    });
  }
  window.addEventListener("resize", reach);
  reach();

  // The section being read is marked in the contents list.
  var links = Array.prototype.slice.call(document.querySelectorAll("#contents a"));
  var sections = links.map(function (link) { return document.getElementById(link.hash.slice(1)); });
  function mark() {
    var current = 0;
    sections.forEach(function (section, place) {
      if (section && section.getBoundingClientRect().top < window.innerHeight / 3) current = place;
    });
    links.forEach(function (link, place) {
      if (place === current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    });
  }
  window.addEventListener("scroll", mark, { passive: true });
  mark();

  // Paper cannot be clicked: the data behind each chart are printed, and folded up again afterwards.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.prototype.slice.call(document.querySelectorAll("main details:not([open])"));
    opened.forEach(function (details) { details.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (details) { details.open = false; });
  });
})();
