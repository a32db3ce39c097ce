"use strict";
(() => {
  const told = (id) => JSON.parse(document.getElementById(id).textContent);
  const rows = told("rows");
  const axes = told("axes"); // [field, title] of what may stand on the x axis
  const symbols = { pipeline: "x", torch: "circle", onnx: "triangle-up", "onnx-int8": "diamond", sklearn: "square" };
  const hidden = { group: new Set(), runtime: new Set(), model: new Set() };
  const picture = document.getElementById("picture");
  const axis = document.getElementById("axis");
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (group) => style(`--${group}`) || style("--ink");
  const shown = () =>
    rows.filter((row) => Object.keys(hidden).every((key) => !hidden[key].has(row[key])));

  // what a row gives: as the machine read it whose latency stands on the x axis
  const quality = (row, field) => row.on[field] ?? row;

  const escaped = (text) =>
    text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);

  function traces(visible, field) {
    const groups = new Map();
    for (const row of visible) {
      const name = `${row.group}, ${row.runtime}`;
      groups.set(name, [...(groups.get(name) ?? []), row]);
    }
    return [...groups].map(([name, own]) => ({
      type: "scatter",
      mode: "markers",
      name,
      x: own.map((row) => row[field]),
      y: own.map((row) => quality(row, field).accuracy),
      error_y: { type: "data", array: own.map((row) => quality(row, field).sd ?? 0), thickness: 1, width: 3 },
      hovertext: own.map((row) => quality(row, field).hover.map(escaped).join("<br>")),
      hoverinfo: "text",
      marker: {
        color: colour(own[0].group),
        symbol: symbols[own[0].runtime] ?? "cross",
        size: own.map((row) => 9 + 1.6 * Math.sqrt(row.size_mb ?? 0)),
        line: { color: style("--ground"), width: 1 },
        opacity: 0.85,
      },
    }));
  }

  function front(visible, field, narrow) {
    const accuracy = (row) => quality(row, field).accuracy;
    const ordered = [...visible].sort((a, b) => a[field] - b[field] || accuracy(b) - accuracy(a));
    const best = [];
    for (const row of ordered) {
      if (!best.length || accuracy(row) > accuracy(best[best.length - 1])) best.push(row);
    }
    return {
      type: "scatter", mode: narrow ? "lines" : "lines+text", name: "Pareto front", hoverinfo: "skip",
      x: best.map((row) => row[field]), y: best.map(accuracy),
      text: best.map((row, place) => (row.model === best[place - 1]?.model ? "" : escaped(row.model))),
      textposition: "top left",
      line: { color: style("--front"), width: 1.5 },
    };
  }

  const frame = () => ({
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: style("--ink"), family: "inherit" },
    hoverlabel: { align: "left" },
  });
  const grid = () => ({ gridcolor: style("--line"), zeroline: false });
  const settings = { responsive: true, displaylogo: false, displayModeBar: false };

  function draw() {
    const field = axis.value;
    const visible = shown().filter((row) => row[field] != null && quality(row, field).accuracy != null);
    const narrow = picture.clientWidth < 640;
    const layout = {
      ...frame(),
      margin: { l: 52, r: 12, t: 8, b: narrow ? 48 : 56 },
      xaxis: { ...grid(), type: "log", title: { text: axis.selectedOptions[0].textContent }, dtick: narrow ? 1 : "D1" },
      yaxis: { ...grid(), title: { text: picture.dataset.quality } },
      showlegend: !narrow,
      legend: { orientation: "h", y: -0.18 },
    };
    Plotly.react(picture, [front(visible, field, narrow), ...traces(visible, field)], layout, settings);
  }

  function choice(name, key) {
    const box = document.getElementById(`choose-${key}`);
    for (const value of [...new Set(rows.map((row) => row[key]))]) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "checkbox";
      input.checked = true;
      input.value = value;
      input.addEventListener("change", () => {
        hidden[key][input.checked ? "delete" : "add"](value);
        draw();
        filterTable();
      });
      label.append(input, ` ${value}`);
      box.append(label);
    }
  }

  function filterTable() {
    const visible = new Set(shown().map((row) => row.id));
    for (const line of document.querySelectorAll("tr[data-row]")) {
      line.hidden = !visible.has(line.dataset.row);
    }
  }

  const number = (text) => Number.parseFloat(text.replace(/[,\s]/g, "").replace("\u2212", "-"));

  function sortable(table) {
    const body = table.tBodies[0];
    table.querySelectorAll("thead button").forEach((button, column) => {
      button.addEventListener("click", () => {
        const head = button.closest("th");
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        table.querySelectorAll("th[aria-sort]").forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        const text = (line) => line.cells[column].textContent.trim();
        const compare = (a, b) => {
          const [first, second] = [number(text(a)), number(text(b))];
          if (Number.isNaN(first) !== Number.isNaN(second)) return Number.isNaN(first) ? 1 : -1;
          const order = Number.isNaN(first) ? text(a).localeCompare(text(b)) : first - second;
          return ascending ? order : -order;
        };
        body.append(...[...body.rows].sort(compare));
      });
    });
  }

  function curves() {
    for (const box of document.querySelectorAll(".curve")) {
      const lines = JSON.parse(box.dataset.lines).map((line) => ({
        type: "scatter", mode: "lines", name: line.name, x: line.steps, y: line.values,
        line: { dash: line.dashed ? "dot" : "solid", width: 1.5 }, hoverinfo: "x+y+name",
      }));
      const layout = {
        ...frame(),
        margin: { l: 48, r: 8, t: 28, b: 36 },
        title: { text: escaped(box.dataset.title), font: { size: 13 } },
        xaxis: { ...grid(), title: { text: "step" } },
        yaxis: { ...grid() },
        showlegend: false,
      };
      Plotly.react(box, lines, layout, settings);
    }
  }

  for (const [field, title] of axes) axis.append(new Option(title, field));
  axis.addEventListener("change", draw);
  for (const key of Object.keys(hidden)) choice(key, key);
  document.querySelectorAll("table.sortable").forEach(sortable);
  const everything = () => { draw(); curves(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", everything);
  everything();
})();
