(function () {
  "use strict";

  function value(row, column) {
    var cell = row.cells[column];
    return cell.hasAttribute("data-order") ? (cell.textContent ? Number(cell.getAttribute("data-order")) : null) : cell.textContent.trim();
  }

  // Rows without a value go last, whichever way the others are sorted.
  function compare(first, second, downwards) {
    var empty = [first, second].map(function (one) { return one === null || one === ""; });
    if (empty[0] || empty[1]) return empty[0] - empty[1];
    var order = typeof first === "number" ? first - second : first.localeCompare(second);
    return downwards ? -order : order;
  }

  function sort(table, heading, column) {
    var downwards = heading.getAttribute("aria-sort") === "ascending";
    table.querySelectorAll("thead th").forEach(function (other) { other.removeAttribute("aria-sort"); });
    heading.setAttribute("aria-sort", downwards ? "descending" : "ascending");
    var body = table.tBodies[0];
    Array.prototype.slice.call(body.rows)
      .sort(function (one, other) { return compare(value(one, column), value(other, column), downwards); })
      .forEach(function (row) { body.appendChild(row); });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    table.querySelectorAll("thead th").forEach(function (heading, column) {
      if (heading.hasAttribute("data-unsorted")) return;
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      heading.textContent = "";
      heading.appendChild(button);
      button.addEventListener("click", function () { sort(table, heading, column); });
    });
  });

  document.querySelectorAll(".search").forEach(function (search) {
    var input = search.querySelector("input");
    var table = document.getElementById(input.getAttribute("data-table"));
    search.hidden = false;
    input.addEventListener("input", function () {
      var wanted = input.value.trim().toLowerCase();
      var found = 0;
      Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
        row.hidden = row.textContent.toLowerCase().indexOf(wanted) < 0;
        if (!row.hidden) found += 1;
      });
      search.querySelector("output").textContent = wanted ? found + " found" : "";
    });
  });
})();
